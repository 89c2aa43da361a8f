/* A program that brings the plain operators new and delete of arrays only: what arrays it makes and deletes
 * by other forms comes to these, and what is no array is HAKMEM's. */
#include "own_blocks.hpp"

/* --- the program's operators ---------------------------------------------------------------------------- */

void *operator new[](size_t size)
{
    return make(size, 16);
}

void operator delete[](void *block) noexcept
{
    unmake(block);
}

/* --- the tests ---------------------------------------------------------------------------------------- */

namespace {

/* Again and again, so that there are caches which might take the program's blocks. */
const int rounds = 1000;

void sized_and_nothrow_forms_are_the_programs()
{
    long before = live;
    for (int i = 0; i < rounds; i++) {
        ::operator delete[](programs(::operator new[](100)), size_t(100));
        ::operator delete[](programs(::operator new[](100)), std::nothrow);
        ::operator delete[](programs(::operator new[](100, std::nothrow)));
    }
    CHECK(live == before);
    CHECK(::operator new[](opaque_size(PTRDIFF_MAX) + 1, std::nothrow) == nullptr);
}

void objects_and_aligned_arrays_are_not()
{
    auto align = std::align_val_t(256);
    long before = live;
    for (int i = 0; i < rounds; i++) {
        ::operator delete(opaque(::operator new(100)), size_t(100));
        ::operator delete(opaque(::operator new(100, std::nothrow)));
        ::operator delete[](opaque(::operator new[](100, align)), size_t(100), align);
        ::operator delete[](opaque(::operator new[](100, align, std::nothrow)), align);
    }
    CHECK(live == before);
}

void both_in_turn()
{
    for (int i = 0; i < rounds; i++) {
        void *object = ::operator new(200), *array = programs(::operator new[](136)); /* of one class */
        ::operator delete[](array, size_t(136));
        ::operator delete(object, size_t(200));
    }
    CHECK(live == 0);
}

} // namespace

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(sized_and_nothrow_forms_are_the_programs),
        TEST(objects_and_aligned_arrays_are_not),
        TEST(both_in_turn),
    };
    return RUN_TESTS(argc, argv, tests);
}
