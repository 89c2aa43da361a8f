/* A program that brings its own operator new and delete, but only the plain ones, and with them blocks that
 * do not begin where malloc's do: the forms that it does not bring have to come to these, as the standard
 * says. */
#include "own_blocks.hpp"

#include <string>
#include <vector>

/* --- the program's operators ---------------------------------------------------------------------------- */

void *operator new(size_t size)
{
    return make(size, 16);
}

void *operator new(size_t size, std::align_val_t align)
{
    return make(size, static_cast<size_t>(align));
}

void operator delete(void *block) noexcept
{
    unmake(block);
}

void operator delete(void *block, std::align_val_t) noexcept
{
    unmake(block);
}

/* --- the tests ---------------------------------------------------------------------------------------- */

namespace {

void sized_and_nothrow_delete_are_the_programs()
{
    long before = live;
    ::operator delete(programs(::operator new(100)), size_t(100));
    ::operator delete(programs(::operator new(100)), std::nothrow);
    ::operator delete(opaque(nullptr), size_t(100));
    CHECK(live == before);
}

void nothrow_new_is_the_programs()
{
    ::operator delete(programs(::operator new(100, std::nothrow)));
    ::operator delete[](programs(::operator new[](100, std::nothrow)));
    CHECK(::operator new(opaque_size(PTRDIFF_MAX) + 1, std::nothrow) == nullptr);
}

void arrays_are_the_programs()
{
    long before = live;
    ::operator delete[](programs(::operator new[](100)));
    ::operator delete[](programs(::operator new[](100)), size_t(100));
    ::operator delete[](programs(::operator new[](100)), std::nothrow);
    CHECK(live == before);
}

void aligned_forms_are_the_programs()
{
    auto align = std::align_val_t(256);
    long before = live;
    ::operator delete(programs(::operator new(100, align)), size_t(100), align);
    ::operator delete(programs(::operator new(100, align, std::nothrow)), align, std::nothrow);
    ::operator delete[](programs(::operator new[](100, align)), align);
    ::operator delete[](programs(::operator new[](100, align)), size_t(100), align);
    ::operator delete[](programs(::operator new[](100, align, std::nothrow)), align, std::nothrow);
    CHECK(live == before);
}

/* Its buffer is made by nothrow new. */
void the_library_meets_the_programs()
{
    std::vector<std::string> strings;
    for (int i = 0; i < 1000; i++)
        strings.push_back(std::string(100, static_cast<char>('a' + i % 26)));
    std::stable_sort(strings.begin(), strings.end());
    CHECK(std::is_sorted(strings.begin(), strings.end()));
}

} // namespace

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(sized_and_nothrow_delete_are_the_programs),
        TEST(nothrow_new_is_the_programs),
        TEST(arrays_are_the_programs),
        TEST(aligned_forms_are_the_programs),
        TEST(the_library_meets_the_programs),
    };
    return RUN_TESTS(argc, argv, tests);
}
