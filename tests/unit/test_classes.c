/* region/classes.h, and the good sizes built on it: every size, class, block and offset. */
#include "unit/unit.h"

#include "front/front.h"
#include "region/classes.h"
#include "slab/slab.h"

enum { LARGEST_TRIED = 1024 * 1024 };

static void classes_rise_by_multiples_of_16(void **state)
{
    (void)state;
    assert_int_equal(class_size(0), 16);
    assert_int_equal(class_size(SIZE_CLASSES - 1), SLAB_MAX_BYTES);
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        assert_int_equal(class_size(c) % BLOCK_ALIGN, 0);
        if (c)
            assert_true(class_size(c) > class_size(c - 1));
    }
}

static void slabs_hold_as_many_blocks_as_fit(void **state)
{
    (void)state;
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        const struct size_class *class = &size_classes[c];
        size_t bytes = (size_t) class->slab_units * UNIT_BYTES;
        assert_int_equal(class->slab_units, class->size_bytes > 8192 ? WIDE_UNITS : 1);
        assert_int_equal(class->slab_blocks, bytes / class->size_bytes);
        assert_int_equal(class->slab_words, (class->slab_blocks + 63) / 64);
        assert_true(class->slab_words <= 64);
    }
}

/* The sizes that blocks can have, smallest first: classes, units, SuperSlabs. */
static size_t next_good_size(size_t size)
{
    for (unsigned c = 0; c < SIZE_CLASSES; c++)
        if (class_size(c) > size)
            return class_size(c);
    size_t step = size < RUN_MAX_BYTES ? UNIT_BYTES : SUPERSLAB_BYTES;
    return (size / step + 1) * step;
}

static void every_size_gets_the_smallest_good_size(void **state)
{
    (void)state;
    size_t good = next_good_size(0);
    for (size_t size = 0; size <= LARGEST_TRIED; size++) {
        if (size > good)
            good = next_good_size(good);
        assert_int_equal(front_good_size(size), good);
    }
    assert_int_equal(front_good_size(PAYLOAD_MAX), (size_t)PAYLOAD_MAX + 1);
    assert_int_equal(front_good_size((size_t)PAYLOAD_MAX + 1), 0);
    assert_int_equal(front_good_size(SIZE_MAX), 0);
}

ISOLATED(a_block_of_every_size_has_the_good_size)
{
    for (size_t size = 0; size <= LARGEST_TRIED; size++) {
        void *block = front_malloc(size);
        EXPECT(block && front_usable_size(NULL, block) == front_good_size(size));
        front_free(block);
    }
}

static void rounding_wastes_15_bytes_then_31_then_an_eighth(void **state)
{
    (void)state;
    for (size_t size = 1; size <= SLAB_MAX_BYTES; size++) {
        size_t waste = front_good_size(size) - size;
        assert_true(size <= 512 ? waste < 16 : size <= 1024 ? waste < 32 : waste * 8 <= size);
    }
}

static void the_formula_goes_on_where_the_table_ends(void **state)
{
    (void)state;
    assert_int_equal(small_class_table[SMALL_TABLE_BYTES - 1], SMALL_CLASSES - 1);
    assert_int_equal(class_of_medium(SMALL_MAX_BYTES + 1), SMALL_CLASSES);
    assert_int_equal(class_of_medium(SLAB_MAX_BYTES), SIZE_CLASSES - 1);
}

static void block_index_is_offset_by_size(void **state)
{
    (void)state;
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        size_t bytes = (size_t)size_classes[c].slab_units * UNIT_BYTES, size = class_size(c);
        for (size_t offset = 0; offset < bytes; offset++)
            EXPECT(class_block_index(c, offset) == offset / size);
    }
}

/* The two that take a pointer apart, at every byte of a slab: only a block's first byte is a block. */
ISOLATED(only_the_start_of_a_block_is_its_place)
{
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        char *block = front_malloc(class_size(c));
        size_t head = slab_of_unit(region_unit_of(block))->unit, size = class_size(c);
        char *slab = (char *)region_unit_address(head);
        struct slab_cursor cursor;
        slab_cursor_enter(&cursor, block);
        for (size_t at = 0; at < (size_t)size_classes[c].slab_units * UNIT_BYTES; at++) {
            struct slab_place place = slab_place_of(slab + at, region_unit_of(slab + at));
            unsigned index;
            bool is_block = at % size == 0 && at / size < size_classes[c].slab_blocks;
            EXPECT(place.slab->unit == head && place.index == at / size && place.exact == is_block);
            EXPECT(slab_cursor_holds(&cursor, slab + at) == (at / size < size_classes[c].slab_blocks));
            EXPECT(slab_cursor_find(&cursor, slab + at, &index) == is_block && index == at / size);
        }
        front_free(block);
    }
}

static void aligned_classes_are_the_smallest_that_do(void **state)
{
    (void)state;
    for (size_t align = 1; align <= 4 * SLAB_MAX_BYTES; align *= 2) {
        unsigned expected = 0;
        for (size_t size = 0; size <= 2 * SLAB_MAX_BYTES; size++) {
            while (expected < SIZE_CLASSES && (class_size(expected) < size || class_size(expected) % align))
                expected++;
            EXPECT(class_of_aligned(size, align) == expected);
        }
    }
    assert_int_equal(class_of_aligned(SIZE_MAX, 16), SIZE_CLASSES);
    assert_int_equal(class_of_aligned(1, (size_t)1 << 63), SIZE_CLASSES);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(classes_rise_by_multiples_of_16),
    cmocka_unit_test(slabs_hold_as_many_blocks_as_fit),
    cmocka_unit_test(every_size_gets_the_smallest_good_size),
    cmocka_unit_test(a_block_of_every_size_has_the_good_size),
    cmocka_unit_test(rounding_wastes_15_bytes_then_31_then_an_eighth),
    cmocka_unit_test(the_formula_goes_on_where_the_table_ends),
    cmocka_unit_test(block_index_is_offset_by_size),
    cmocka_unit_test(only_the_start_of_a_block_is_its_place),
    cmocka_unit_test(aligned_classes_are_the_smallest_that_do),
};

UNIT_MAIN(tests)
