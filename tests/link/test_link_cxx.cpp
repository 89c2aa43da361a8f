/* A C++ program linked with HAKMEM, shared or static: its operators and its library use it. */
#include "preload/blocks.h"
#include "preload/check.h"

#include <iostream>
#include <map>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace {

struct alignas(256) over_aligned {
    char bytes[300];
};

void operators_are_hakmems()
{
    std::unique_ptr<int> one(new int(1));
    std::unique_ptr<int[]> many(new int[1000]());
    std::unique_ptr<over_aligned> aligned(new over_aligned());
    std::unique_ptr<over_aligned[]> aligned_many(new over_aligned[10]());
    std::unique_ptr<char[]> nothrow(new (std::nothrow) char[100]);
    for (void *block : {static_cast<void *>(one.get()), static_cast<void *>(many.get()),
                        static_cast<void *>(aligned.get()), static_cast<void *>(nothrow.get())})
        CHECK_THAT(hakmem_owns(block), "%p", block);
    CHECK(is_aligned(aligned.get(), 256) && is_aligned(aligned_many.get(), 256));
}

void the_library_allocates_from_hakmem()
{
    std::string text(1000, 'x');
    std::vector<std::string> strings(100, text);
    std::map<int, std::string> map{{1, text}};
    CHECK(hakmem_owns(text.data()) && hakmem_owns(strings.data()) && hakmem_owns(&map[1]));
    auto shared = std::make_shared<std::string>(text);
    CHECK(hakmem_owns(shared.get()));
}

void bad_alloc_is_thrown_and_caught()
{
    bool caught = false;
    try {
        opaque(::operator new(opaque_size(PTRDIFF_MAX)));
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    CHECK(caught);
    CHECK(opaque(::operator new(opaque_size(PTRDIFF_MAX), std::nothrow)) == nullptr);
}

void new_handler_is_asked()
{
    static int calls;
    std::set_new_handler([] {
        if (++calls == 2)
            std::set_new_handler(nullptr);
    });
    CHECK(opaque(::operator new(opaque_size(PTRDIFF_MAX), std::nothrow)) == nullptr);
    CHECK(calls == 2);
}

void threads_and_exceptions()
{
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([i] {
            for (int j = 0; j < 1000; j++) {
                try {
                    throw std::string(static_cast<size_t>(j), static_cast<char>('a' + i));
                } catch (const std::string &text) {
                    CHECK(text.size() == static_cast<size_t>(j));
                }
            }
        });
    for (auto &thread : threads)
        thread.join();
}

} // namespace

int main(int argc, char **argv)
{
    static const test tests[] = {
        TEST(operators_are_hakmems),          TEST(the_library_allocates_from_hakmem),
        TEST(bad_alloc_is_thrown_and_caught), TEST(new_handler_is_asked),
        TEST(threads_and_exceptions),
    };
    return RUN_TESTS(argc, argv, tests);
}
