/* unit_map_cells.c - a snapshot becomes the cells that a map shows, and a recording keeps what changes. */
#include "map_recording.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { UNITS = 64, CLASS_16 = 0 };

struct staged {
    struct reader_snapshot snapshot;
    struct reader_superslab superslab[2];
    struct reader_slab slab[1];
    struct reader_run run[1];
    struct reader_heap heap[2];
    uint64_t free_map[64];
    uint64_t resident[UNITS * 16 / 64];
};

/* Unit 1 is a slab of 16-byte blocks of heap 7, units 2 and 3 are a run, unit 4 is free and was used; the
 * second SuperSlab is empty and warm. */
static void stage(struct staged *staged)
{
    memset(staged, 0, sizeof *staged);
    staged->superslab[0] = (struct reader_superslab){
        .kind = READER_SUPERSLAB_SHARED, .units = 32, .free_units = ~0xeu, .dirty_units = 0x10};
    staged->superslab[1] = (struct reader_superslab){.kind = READER_SUPERSLAB_WARM, .units = 32};
    staged->slab[0] = (struct reader_slab){.unit = 1,
                                           .heap = 7,
                                           .blocks = 4096,
                                           .size_class = CLASS_16,
                                           .units = 1,
                                           .free_map = staged->free_map};
    staged->run[0] = (struct reader_run){.unit = 2, .units = 2};
    staged->heap[0].number = 3;
    staged->heap[1].number = 7;
    staged->snapshot = (struct reader_snapshot){.superslab_units = 32,
                                                .units = UNITS,
                                                .page_bytes = 4096,
                                                .superslab_count = 2,
                                                .slab_count = 1,
                                                .run_count = 1,
                                                .heap_count = 2,
                                                .superslabs = staged->superslab,
                                                .slabs = staged->slab,
                                                .runs = staged->run,
                                                .heaps = staged->heap,
                                                .residency = READER_RESIDENCY_EXACT,
                                                .page_count = UNITS * 16,
                                                .resident_map = staged->resident};
}

static void units_have_their_kinds_and_owners(void **state)
{
    static struct staged staged;
    struct map_cells cells;
    (void)state;
    stage(&staged);
    map_cells_make(&cells, &staged.snapshot);
    assert_int_equal(cells.units, UNITS);
    assert_int_equal(cells.cell[0].kind, MAP_COLD);
    assert_int_equal(cells.cell[1].kind, MAP_SLAB);
    assert_int_equal(cells.cell[1].heap, 1);
    assert_int_equal(cells.cell[1].live, 4096);
    assert_int_equal(cells.cell[2].kind, MAP_RUN);
    assert_int_equal(cells.cell[2].size_class, 2);
    assert_int_equal(cells.cell[3].kind, MAP_RUN_INNER);
    assert_int_equal(cells.cell[4].kind, MAP_DIRTY);
    assert_int_equal(cells.cell[4].heap, MAP_NO_HEAP);
    assert_int_equal(cells.cell[40].kind, MAP_WARM);
    map_cells_free(&cells);
}

static void pages_say_how_much_of_them_is_live(void **state)
{
    static struct staged staged;
    struct map_cells cells;
    (void)state;
    stage(&staged);
    memset(staged.free_map, 0xff, 3 * 4 * sizeof staged.free_map[0]); /* pages 0 to 2: 256 blocks each, */
    staged.free_map[0] = ~(uint64_t)1;                                /* but for one, */
    staged.free_map[60] = staged.free_map[61] = ~(uint64_t)0;         /* and half of page 15 */
    staged.slab[0].free_blocks = 3 * 256 - 1 + 128;
    map_cells_make(&cells, &staged.snapshot);
    assert_int_equal(cells.cell[1].pages & 15, 1);
    assert_int_equal(cells.cell[1].pages >> 4 & 15, 0);
    assert_int_equal(cells.cell[1].pages >> 8 & 15, 0);
    assert_int_equal(cells.cell[1].pages >> 12 & 15, 15);
    assert_in_range(cells.cell[1].pages >> 60, 7, 8);
    map_cells_free(&cells);
}

static void large_pages_are_spread_over_their_sixteenths(void **state)
{
    static struct staged staged;
    struct map_cells cells;
    (void)state;
    stage(&staged);
    staged.snapshot.page_bytes = 16384;
    staged.snapshot.page_count = UNITS * 4;
    staged.resident[0] = 1 << 4 | 1 << 7; /* the first and the last of unit 1 */
    map_cells_make(&cells, &staged.snapshot);
    assert_int_equal(cells.cell[0].resident, 0);
    assert_int_equal(cells.cell[1].resident, 0xf00f);
    map_cells_free(&cells);
}

static void slabs_beyond_the_end_are_left_out(void **state)
{
    static struct staged staged;
    struct map_cells cells;
    (void)state;
    stage(&staged);
    staged.slab[0].unit = UNITS - 1;
    staged.slab[0].units = 4;
    staged.run[0].unit = UNITS + 5;
    staged.run[0].units = 16;
    map_cells_make(&cells, &staged.snapshot);
    assert_int_equal(cells.cell[UNITS - 1].kind, MAP_SLAB);
    map_cells_free(&cells);
}

static const struct map_totals nothing;

static void a_recording_has_what_changed_and_nothing_else(void **state)
{
    static struct staged staged;
    struct map_recording recording = {.frames = 0};
    (void)state;
    stage(&staged);
    staged.snapshot.taken_ms = 1000;
    assert_true(map_recording_add(&recording, &staged.snapshot, &nothing, 1 << 20));
    staged.snapshot.taken_ms = 1250;
    assert_true(map_recording_add(&recording, &staged.snapshot, &nothing, 1 << 20));
    staged.free_map[5] = 1;
    staged.slab[0].free_blocks = 1;
    staged.snapshot.taken_ms = 1500;
    assert_true(map_recording_add(&recording, &staged.snapshot, &nothing, 1 << 20));
    assert_int_equal(recording.frames, 3);
    assert_int_equal(recording.frame[1].changes, 0);
    assert_int_equal(recording.frame[2].changes, 1);
    assert_int_equal(recording.frame[2].at_ms, 500);
    assert_int_equal(recording.change_unit[0], 1);
    assert_int_equal(recording.change[0].live, 4095);
    assert_int_equal(recording.first.cell[1].live, 4096);
    map_recording_free(&recording);
}

static void a_full_recording_ends_before_what_does_not_fit(void **state)
{
    static struct staged staged;
    struct map_recording recording = {.frames = 0};
    (void)state;
    stage(&staged);
    assert_true(map_recording_add(&recording, &staged.snapshot, &nothing, 0));
    assert_true(map_recording_add(&recording, &staged.snapshot, &nothing, 0));
    staged.slab[0].free_blocks = 1;
    assert_false(map_recording_add(&recording, &staged.snapshot, &nothing, 0));
    assert_true(recording.cut);
    assert_int_equal(recording.frames, 2);
    assert_int_equal(recording.changes, 0);
    map_recording_free(&recording);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_have_their_kinds_and_owners),
        cmocka_unit_test(pages_say_how_much_of_them_is_live),
        cmocka_unit_test(large_pages_are_spread_over_their_sixteenths),
        cmocka_unit_test(slabs_beyond_the_end_are_left_out),
        cmocka_unit_test(a_recording_has_what_changed_and_nothing_else),
        cmocka_unit_test(a_full_recording_ends_before_what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
