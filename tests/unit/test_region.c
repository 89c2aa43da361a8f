/* region/region.c: what its header tells a reader outside, and how it grows. */
#include "unit/unit.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "front/front.h"
#include "os/vm.h"
#include "region/image.h"
#include "region/region.h"

enum { ROUNDS = 40, MANY_UNITS = 4096 /* more than a window: asked for once at each place */ };

static void *attach_thread(void *unused)
{
    front_free(front_malloc(100));
    return unused;
}

/* Tags, records and maps below these numbers are mapped: readers read that far, and no farther. */
static void expect_image(void)
{
    const struct image_header *image = region_image();
    EXPECT(image->units == region_units() && image->units == region_next_unit());
    EXPECT(image->remote_units == atomic_load(&region.remote_units));
    for (size_t unit = 0; unit < image->units; unit++) {
        volatile char *record = region_slab_record(unit);
        EXPECT(region_tag(unit) < UINT32_MAX && (*record, true));
        EXPECT((*(volatile char *)region_superslab_record(unit >> SUPERSLAB_UNITS_LOG2), true));
    }
    for (size_t unit = 0; unit < image->remote_units; unit++)
        EXPECT(*(volatile uint64_t *)region_remote_map(unit) == 0);
}

ISOLATED(the_image_grows_with_the_heap)
{
    for (int round = 0; round < ROUNDS; round++) {
        EXPECT(front_malloc(SUPERSLAB_BYTES));
        expect_image();
    }
    EXPECT(region_image()->remote_units == 0);
    pthread_join(unit_thread(attach_thread, NULL), NULL);
    EXPECT(region_image()->remote_units == region_units());
    for (int round = 0; round < ROUNDS; round++) {
        EXPECT(front_malloc(SUPERSLAB_BYTES));
        expect_image();
        EXPECT(region_image()->remote_units == region_units());
    }
}

/* Somebody's mapping right behind the heap. */
static void *put_obstacle(void)
{
    void *at = (void *)region_unit_address(region_next_unit());
    void *mapped = mmap(at, UNIT_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    EXPECT(mapped == at);
    return mapped;
}

ISOLATED(an_obstacle_is_stepped_over_and_not_ours)
{
    size_t first, count;
    EXPECT(front_malloc(100));
    size_t unit = region_unit_of(put_obstacle());
    EXPECT(region_grow(SUPERSLAB_UNITS, &first, &count));
    EXPECT(first > unit && count >= SUPERSLAB_UNITS && first + count == region_units());
    EXPECT(region_tag(unit) == TAG_NONE);
}

ISOLATED(a_request_that_finds_no_room_behind_an_obstacle_leaves_the_heap_where_it_was)
{
    size_t first, count;
    EXPECT(front_malloc(100));
    size_t next = region_next_unit();
    void *obstacle = put_obstacle();
    vm_test_fail_at(2); /* the one behind the obstacle */
    EXPECT(!region_grow(MANY_UNITS, &first, &count) && region_next_unit() == next);
    munmap(obstacle, UNIT_BYTES);
    EXPECT(region_grow(1, &first, &count) && first == next);
}

static size_t mapped_bytes(void)
{
    size_t pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    EXPECT(statm && fscanf(statm, "%zu", &pages) == 1);
    fclose(statm);
    return pages * vm_page_bytes();
}

/* How much more may be mapped; SIZE_MAX: as much as there is. */
static void limit_to(size_t more)
{
    struct rlimit limit = {more == SIZE_MAX ? RLIM_INFINITY : mapped_bytes() + more, RLIM_INFINITY};
    EXPECT(setrlimit(RLIMIT_AS, &limit) == 0);
}

ISOLATED(a_window_without_memory_for_its_records_is_unmapped)
{
    size_t first, count;
    EXPECT(front_malloc(100));
    size_t next = region_next_unit();
    limit_to(MANY_UNITS * (size_t)UNIT_BYTES + 4 * vm_page_bytes());
    EXPECT(!region_grow(MANY_UNITS, &first, &count) && region_next_unit() == next);
    limit_to(SIZE_MAX);
    munmap(put_obstacle(), UNIT_BYTES);
    EXPECT(region_grow(MANY_UNITS, &first, &count) && first == next);
}

/* Each time there is room for less than is wanted at first. */
ISOLATED(a_window_that_ends_inside_a_superslab_has_all_its_records)
{
    size_t first, count, inside = 0;
    EXPECT(front_malloc(100));
    for (int round = 0; round < ROUNDS; round++) {
        limit_to(SUPERSLAB_UNITS * UNIT_BYTES * 3 / 4);
        bool grown = region_grow(1, &first, &count);
        limit_to(SIZE_MAX);
        EXPECT(grown);
        memset(region_slab_map(first + count - 1), 0xff, SLAB_MAP_BYTES);
        memset(region_slab_record(first + count - 1), 0, SLAB_RECORD_BYTES);
        inside += (first + count) % SUPERSLAB_UNITS != 0;
    }
    EXPECT(inside > 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_image_grows_with_the_heap),
    cmocka_unit_test(an_obstacle_is_stepped_over_and_not_ours),
    cmocka_unit_test(a_request_that_finds_no_room_behind_an_obstacle_leaves_the_heap_where_it_was),
    cmocka_unit_test(a_window_without_memory_for_its_records_is_unmapped),
    cmocka_unit_test(a_window_that_ends_inside_a_superslab_has_all_its_records),
};

UNIT_MAIN(tests)
