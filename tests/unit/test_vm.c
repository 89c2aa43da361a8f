/* os/vm.c: what its results promise about the memory, also where the kernel refused a call. */
#include "unit/unit.h"

#include <sys/mman.h>

#include "os/vm.h"

enum { PAGES = 8 };

static size_t page_bytes(void)
{
    return vm_page_bytes();
}

static char *map_pages(int fill)
{
    char *pages = (char *)vm_map(PAGES * page_bytes());
    EXPECT(pages);
    memset(pages, fill, PAGES * page_bytes());
    return pages;
}

static bool is_all(const char *bytes, char value, size_t n)
{
    return bytes[0] == value && memcmp(bytes, bytes + 1, n - 1) == 0;
}

ISOLATED(what_is_mapped_already_is_taken_and_left_alone)
{
    char *pages = map_pages(7);
    EXPECT(vm_map_at((uintptr_t)pages, PAGES * page_bytes()) == VM_TAKEN);
    EXPECT(is_all(pages, 7, PAGES * page_bytes()));
}

ISOLATED(a_refused_mapping_is_no_memory)
{
    char *pages = map_pages(7);
    vm_unmap((uintptr_t)pages, PAGES * page_bytes());
    vm_test_fail_at(1);
    EXPECT(vm_map_at((uintptr_t)pages, PAGES * page_bytes()) == VM_NO_MEMORY);
    EXPECT(vm_map_at((uintptr_t)pages, PAGES * page_bytes()) == VM_DONE);
}

ISOLATED(what_is_mapped_afresh_is_zero)
{
    char *pages = map_pages(7);
    EXPECT(vm_map_afresh((uintptr_t)pages, PAGES * page_bytes()) == VM_DONE);
    EXPECT(is_all(pages, 0, PAGES * page_bytes()));
}

ISOLATED(a_refused_fresh_mapping_keeps_what_was_there)
{
    char *pages = map_pages(7);
    vm_test_fail_at(1);
    EXPECT(vm_map_afresh((uintptr_t)pages, PAGES * page_bytes()) == VM_TAKEN);
    EXPECT(is_all(pages, 7, PAGES * page_bytes()));
}

/* The kernel may take the old mapping away before it refuses the new one. */
ISOLATED(a_refused_fresh_mapping_leaves_no_hole)
{
    char *pages = map_pages(7);
    munmap(pages, PAGES * page_bytes());
    vm_test_fail_at(1);
    EXPECT(vm_map_afresh((uintptr_t)pages, PAGES * page_bytes()) == VM_TAKEN);
    EXPECT(is_all(pages, 0, PAGES * page_bytes()));
}

ISOLATED(a_mapping_is_extended_where_it_is)
{
    size_t half = PAGES / 2 * page_bytes();
    char *pages = map_pages(7);
    munmap(pages + half, half);
    EXPECT(vm_extend((uintptr_t)pages + half, half) == VM_DONE);
    EXPECT(is_all(pages, 7, half));
    EXPECT(is_all(pages + half, 0, half));
    memset(pages, 8, 2 * half);
}

/* The obstacle has other rights, or it would be one mapping with what lies before it. */
ISOLATED(a_mapping_before_an_obstacle_stays_where_it_is)
{
    size_t half = PAGES / 2 * page_bytes();
    char *pages = map_pages(7);
    mprotect(pages + half, half, PROT_READ);
    EXPECT(vm_extend((uintptr_t)pages + half, half) != VM_DONE);
    EXPECT(is_all(pages, 7, 2 * half));
}

ISOLATED(a_refused_extension_is_no_memory)
{
    size_t half = PAGES / 2 * page_bytes();
    char *pages = map_pages(7);
    munmap(pages + half, half);
    vm_test_fail_at(1);
    EXPECT(vm_extend((uintptr_t)pages + half, half) == VM_NO_MEMORY);
    EXPECT(is_all(pages, 7, half));
}

ISOLATED(ranges_are_purged_and_nothing_between_them)
{
    char *pages = map_pages(7);
    struct vm_range ranges[] = {{(uintptr_t)pages, page_bytes()},
                                {(uintptr_t)pages + 2 * page_bytes(), 2 * page_bytes()}};
    EXPECT(vm_purge_ranges(ranges, 2, true));
    EXPECT(is_all(pages, 0, page_bytes()) && is_all(pages + page_bytes(), 7, page_bytes()));
    EXPECT(is_all(pages + 2 * page_bytes(), 0, 2 * page_bytes()));
    EXPECT(is_all(pages + 4 * page_bytes(), 7, 4 * page_bytes()));
}

ISOLATED(one_refused_range_of_several_is_told)
{
    char *pages = map_pages(7);
    struct vm_range ranges[] = {{(uintptr_t)pages, page_bytes()},
                                {(uintptr_t)pages + 2 * page_bytes(), page_bytes()},
                                {(uintptr_t)pages + 4 * page_bytes(), page_bytes()}};
    for (uint64_t refused = 1; refused <= 3; refused++) {
        vm_test_fail_at(refused);
        EXPECT(!vm_purge_ranges(ranges, 3, true));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_is_mapped_already_is_taken_and_left_alone),
    cmocka_unit_test(a_refused_mapping_is_no_memory),
    cmocka_unit_test(what_is_mapped_afresh_is_zero),
    cmocka_unit_test(a_refused_fresh_mapping_keeps_what_was_there),
    cmocka_unit_test(a_refused_fresh_mapping_leaves_no_hole),
    cmocka_unit_test(a_mapping_is_extended_where_it_is),
    cmocka_unit_test(a_mapping_before_an_obstacle_stays_where_it_is),
    cmocka_unit_test(a_refused_extension_is_no_memory),
    cmocka_unit_test(ranges_are_purged_and_nothing_between_them),
    cmocka_unit_test(one_refused_range_of_several_is_told),
};

UNIT_MAIN(tests)
