/* Every operator new and delete of C++17, what they throw, and containers, late destructors and all. */
#include "blocks.h"
#include "check.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

namespace {

const size_t some_sizes[] = {0, 1, 16, 100, 1000, 1024, 1025, 5000, 30000, 40000, 1 << 20, 3 << 20};
const size_t some_alignments[] = {16, 32, 64, 128, 512, 4096, 65536, 1 << 21};
const size_t impossible = static_cast<size_t>(PTRDIFF_MAX) - 100;
const size_t impossible_sizes[] = {impossible, static_cast<size_t>(PTRDIFF_MAX) + 1, SIZE_MAX - 15, SIZE_MAX};

/* libstdc++ before 13 wraps round here. */
bool aligned_new_would_wrap(size_t size)
{
    return size > SIZE_MAX - 4096 && !hakmem_is_here();
}

void check_usable(void *block, size_t size, size_t alignment = 16)
{
    CHECK(block != nullptr);
    CHECK_THAT(is_aligned(block, alignment), "%p for %zu", block, alignment);
    auto owns = HAKMEM(hakmem_owns);
    if (owns != nullptr)
        CHECK_THAT(owns(block), "%p is not HAKMEM's", block);
    block_fill(block, size, size);
    CHECK(block_holds(block, size, size));
}

/* --- forms ---------------------------------------------------------------------------------------- */

void plain_and_sized_forms()
{
    for (size_t size : some_sizes) {
        void *a = ::operator new(size), *b = ::operator new[](size);
        void *c = ::operator new(size), *d = ::operator new[](size);
        for (void *block : {a, b, c, d})
            check_usable(block, size);
        CHECK(a != b && c != d);
        ::operator delete(a);
        ::operator delete[](b);
        ::operator delete(c, size);
        ::operator delete[](d, size);
    }
}

void nothrow_forms()
{
    for (size_t size : some_sizes) {
        void *a = ::operator new(size, std::nothrow), *b = ::operator new[](size, std::nothrow);
        check_usable(a, size);
        check_usable(b, size);
        ::operator delete(a, std::nothrow);
        ::operator delete[](b, std::nothrow);
    }
}

void aligned_forms()
{
    for (size_t size : some_sizes)
        for (size_t alignment : some_alignments) {
            auto align = std::align_val_t(alignment);
            void *a = ::operator new(size, align), *b = ::operator new[](size, align);
            void *c = ::operator new(size, align), *d = ::operator new[](size, align);
            void *e = ::operator new(size, align, std::nothrow),
                 *f = ::operator new[](size, align, std::nothrow);
            for (void *block : {a, b, c, d, e, f})
                check_usable(block, size, alignment);
            ::operator delete(a, align);
            ::operator delete[](b, align);
            ::operator delete(c, size, align);
            ::operator delete[](d, size, align);
            ::operator delete(e, align, std::nothrow);
            ::operator delete[](f, align, std::nothrow);
        }
}

void *null()
{
    return opaque(nullptr);
}

void delete_of_null()
{
    ::operator delete(null());
    ::operator delete[](null());
    ::operator delete(null(), size_t(100));
    ::operator delete[](null(), size_t(100));
    ::operator delete(null(), std::nothrow);
    ::operator delete[](null(), std::nothrow);
    ::operator delete(null(), std::align_val_t(64));
    ::operator delete[](null(), std::align_val_t(64));
    ::operator delete(null(), size_t(100), std::align_val_t(64));
    ::operator delete[](null(), size_t(100), std::align_val_t(64));
    ::operator delete(null(), std::align_val_t(64), std::nothrow);
    ::operator delete[](null(), std::align_val_t(64), std::nothrow);
}

void delete_keeps_errno()
{
    errno = 123;
    for (size_t size : some_sizes) {
        ::operator delete(opaque(::operator new(size)));
        ::operator delete(opaque(::operator new(size, std::align_val_t(64))), std::align_val_t(64));
    }
    CHECK(errno == 123);
}

void new_and_malloc_share_their_blocks()
{
    for (size_t size : some_sizes) {
        std::free(opaque(::operator new(size)));
        ::operator delete(opaque(std::malloc(size)));
    }
}

/* --- failure -------------------------------------------------------------------------------------- */

template <typename Exception> bool throws(const std::function<void()> &action)
{
    try {
        action();
    } catch (const Exception &) {
        return true;
    }
    return false;
}

void impossible_sizes_throw_bad_alloc()
{
    for (size_t listed : impossible_sizes) {
        size_t size = opaque_size(listed);
        CHECK(throws<std::bad_alloc>([=] { opaque(::operator new(size)); }));
        CHECK(throws<std::bad_alloc>([=] { opaque(::operator new[](size)); }));
        if (aligned_new_would_wrap(size))
            continue;
        CHECK(throws<std::bad_alloc>([=] { opaque(::operator new(size, std::align_val_t(64))); }));
        CHECK(throws<std::bad_alloc>([=] { opaque(::operator new[](size, std::align_val_t(4096))); }));
    }
    CHECK(throws<std::bad_alloc>([] { opaque(new char[opaque_size(impossible)]); }));
    CHECK(throws<std::bad_alloc>([] { opaque(new double[opaque_size(SIZE_MAX / 2)]); }));
    ::operator delete(opaque(::operator new(100)));
}

void impossible_sizes_are_null_with_nothrow()
{
    for (size_t listed : impossible_sizes) {
        size_t size = opaque_size(listed);
        CHECK(opaque(::operator new(size, std::nothrow)) == nullptr);
        CHECK(opaque(::operator new[](size, std::nothrow)) == nullptr);
        if (aligned_new_would_wrap(size))
            continue;
        CHECK(opaque(::operator new(size, std::align_val_t(64), std::nothrow)) == nullptr);
        CHECK(opaque(::operator new[](size, std::align_val_t(4096), std::nothrow)) == nullptr);
    }
}

int handler_calls;

void handler_that_gives_up_third()
{
    if (++handler_calls == 3)
        std::set_new_handler(nullptr);
}

struct handler_exception {};

void handler_that_throws_its_own()
{
    handler_calls++;
    throw handler_exception();
}

void handler_that_throws_bad_alloc()
{
    handler_calls++;
    throw std::bad_alloc();
}

void new_handler_is_called_until_it_gives_up()
{
    std::function<void()> forms[] = {
        [] { opaque(::operator new(opaque_size(impossible))); },
        [] { opaque(::operator new[](opaque_size(impossible))); },
        [] { opaque(::operator new(opaque_size(impossible), std::align_val_t(128))); },
        [] { opaque(::operator new[](opaque_size(impossible), std::align_val_t(128))); },
    };
    for (auto &form : forms) {
        handler_calls = 0;
        std::set_new_handler(handler_that_gives_up_third);
        CHECK(throws<std::bad_alloc>(form));
        CHECK_THAT(handler_calls == 3, "%d calls", handler_calls);
    }
}

void new_handler_is_called_with_nothrow_too()
{
    handler_calls = 0;
    std::set_new_handler(handler_that_gives_up_third);
    CHECK(opaque(::operator new(opaque_size(impossible), std::nothrow)) == nullptr);
    CHECK_THAT(handler_calls == 3, "%d calls", handler_calls);
    handler_calls = 0;
    std::set_new_handler(handler_that_gives_up_third);
    CHECK(opaque(::operator new[](opaque_size(impossible), std::align_val_t(64), std::nothrow)) == nullptr);
    CHECK_THAT(handler_calls == 3, "%d calls", handler_calls);
}

void exceptions_of_the_new_handler_pass_through()
{
    handler_calls = 0;
    std::set_new_handler(handler_that_throws_its_own);
    CHECK(throws<handler_exception>([] { opaque(::operator new(opaque_size(impossible))); }));
    CHECK(throws<handler_exception>([] { opaque(::operator new[](opaque_size(impossible))); }));
    CHECK(throws<handler_exception>(
        [] { opaque(::operator new(opaque_size(impossible), std::align_val_t(64))); }));
    CHECK(handler_calls == 3);
    std::set_new_handler(nullptr);
}

void bad_alloc_of_the_new_handler_is_null_with_nothrow()
{
    handler_calls = 0;
    std::set_new_handler(handler_that_throws_bad_alloc);
    CHECK(opaque(::operator new(opaque_size(impossible), std::nothrow)) == nullptr);
    CHECK(opaque(::operator new[](opaque_size(impossible), std::nothrow)) == nullptr);
    CHECK(opaque(::operator new(opaque_size(impossible), std::align_val_t(64), std::nothrow)) == nullptr);
    CHECK(handler_calls == 3);
    std::set_new_handler(nullptr);
}

/* --- objects -------------------------------------------------------------------------------------- */

struct alignas(64) line_aligned {
    char bytes[100];
};

struct alignas(4096) page_aligned {
    char bytes[10000];
};

struct counted {
    static int live;
    static int throw_at;
    char bytes[40];
    counted()
    {
        if (live == throw_at)
            throw std::runtime_error("constructor");
        live++;
    }
    ~counted()
    {
        live--;
    }
};
int counted::live;
int counted::throw_at = -1;

void over_aligned_objects()
{
    for (int i = 0; i < 200; i++) {
        std::unique_ptr<line_aligned> one(new line_aligned());
        std::unique_ptr<line_aligned[]> many(new line_aligned[17]());
        std::unique_ptr<page_aligned> page(new page_aligned());
        CHECK(is_aligned(one.get(), 64) && is_aligned(many.get(), 64) && is_aligned(page.get(), 4096));
    }
}

void memory_of_a_throwing_constructor_is_freed()
{
    for (int at = 0; at < 20; at++) {
        counted::throw_at = at;
        CHECK(throws<std::runtime_error>([] { opaque(new counted[20]); }));
        CHECK(counted::live == 0);
    }
    counted::throw_at = -1;
    delete[] new counted[20];
}

void exceptions_allocate_and_unwind()
{
    std::function<void(int)> deep = [&](int depth) {
        std::string held(static_cast<size_t>(depth) * 7 + 30, 'x');
        if (depth == 0)
            throw std::runtime_error("at the bottom of " + held);
        deep(depth - 1);
    };
    for (int i = 0; i < 500; i++)
        CHECK(throws<std::runtime_error>([&] { deep(20); }));
    std::vector<std::exception_ptr> kept;
    for (int i = 0; i < 500; i++) {
        try {
            throw std::runtime_error(std::string(500, 'e'));
        } catch (...) {
            kept.push_back(std::current_exception());
        }
    }
}

/* --- containers ----------------------------------------------------------------------------------- */

void churn(uint64_t seed)
{
    std::map<uint64_t, std::string> tree;
    std::unordered_map<std::string, std::vector<uint64_t>> table;
    std::list<std::deque<uint64_t>> queues(8);
    uint64_t random = seed, pushed = 0, popped = 0;
    for (int step = 0; step < 30000; step++) {
        uint64_t key = random_below(&random, 1000);
        tree[key] = std::string(random_below(&random, 300), static_cast<char>('a' + key % 26));
        if (random_below(&random, 3) == 0)
            tree.erase(random_below(&random, 1000));
        table[std::to_string(key)].push_back(key);
        if (random_below(&random, 50) == 0)
            table.erase(std::to_string(random_below(&random, 1000)));
        auto &queue = *std::next(queues.begin(), static_cast<long>(key % 8));
        if (random_below(&random, 2) == 0)
            queue.push_back(pushed++);
        else if (!queue.empty())
            queue.pop_front(), popped++;
    }
    for (auto &[key, text] : tree)
        CHECK(
            std::all_of(text.begin(), text.end(), [c = 'a' + key % 26](char x) { return uint64_t(x) == c; }));
    for (auto &[text, keys] : table)
        for (uint64_t key : keys)
            CHECK(std::to_string(key) == text);
    size_t left = 0;
    for (auto &queue : queues) {
        CHECK(std::is_sorted(queue.begin(), queue.end()));
        left += queue.size();
    }
    CHECK(left == pushed - popped);
}

void containers_churn()
{
    churn(1);
}

void containers_churn_in_threads()
{
    std::vector<std::thread> threads;
    for (uint64_t i = 0; i < 4; i++)
        threads.emplace_back(churn, i * 1000);
    for (auto &thread : threads)
        thread.join();
}

void shared_objects_die_in_other_threads()
{
    for (int round = 0; round < 30; round++) {
        std::vector<std::shared_ptr<std::string>> made;
        for (int i = 0; i < 1000; i++)
            made.push_back(std::make_shared<std::string>(static_cast<size_t>(i), 's'));
        std::thread([taken = std::move(made)]() mutable {
            for (size_t i = 0; i < taken.size(); i++)
                CHECK(taken[i]->size() == i);
            taken.clear();
        }).join();
    }
}

/* --- late life ------------------------------------------------------------------------------------ */

struct late_object {
    std::vector<std::string> strings;
    void use(size_t count)
    {
        for (size_t i = 0; i < count; i++)
            strings.emplace_back(i * 10, 'l');
    }
    ~late_object()
    {
        for (size_t i = 0; i < strings.size(); i++)
            CHECK(strings[i].size() == i * 10 && strings[i].find_first_not_of('l') == std::string::npos);
        strings.clear();
        use(100);
        std::unique_ptr<char[]> more(new char[100000]());
        CHECK(block_is_zero(more.get(), 100000));
    }
};

thread_local late_object of_thread;
late_object of_program;

void thread_local_destructors_allocate_and_free()
{
    for (int round = 0; round < 100; round++) {
        std::thread a([] { of_thread.use(50); }), b([] { of_thread.use(200); });
        a.join();
        b.join();
    }
    of_thread.use(10); /* its destructor runs in exit */
}

void static_destructors_allocate_and_free()
{
    of_program.use(300);
    static late_object of_function;
    of_function.use(100);
    std::atexit([] {
        static late_object last;
        last.use(10);
    });
}

} // namespace

int main(int argc, char **argv)
{
    static const test tests[] = {
        TEST(plain_and_sized_forms),
        TEST(nothrow_forms),
        TEST(aligned_forms),
        TEST(delete_of_null),
        TEST(delete_keeps_errno),
        TEST(new_and_malloc_share_their_blocks),
        TEST(impossible_sizes_throw_bad_alloc),
        TEST(impossible_sizes_are_null_with_nothrow),
        TEST(new_handler_is_called_until_it_gives_up),
        TEST(new_handler_is_called_with_nothrow_too),
        TEST(exceptions_of_the_new_handler_pass_through),
        TEST(bad_alloc_of_the_new_handler_is_null_with_nothrow),
        TEST(over_aligned_objects),
        TEST(memory_of_a_throwing_constructor_is_freed),
        TEST(exceptions_allocate_and_unwind),
        TEST(containers_churn),
        TEST(containers_churn_in_threads),
        TEST(shared_objects_die_in_other_threads),
        TEST(thread_local_destructors_allocate_and_free),
        TEST(static_destructors_allocate_and_free),
    };
    return RUN_TESTS(argc, argv, tests);
}
