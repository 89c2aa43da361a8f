/* Pages without a live block: slab_holes against a model of bytes, for every class and page size; holes of a
 * bin's slab, reserved and returned with takes and frees in between; and passes over them. */
#include "unit/unit.h"

#include "base/bits.h"
#include "heap/holes.h"
#include "heap/registry.h"
#include "heap/runcache.h"
#include "os/vm.h"
#include "pool/pool.h"

enum { MAPS = 25, OWNER = 1, BYTES_MAX = WIDE_UNITS * UNIT_BYTES };

/* ---- slab_holes: a page is a hole when no byte of it belongs to a block in use, and some to a free one */

static unsigned char byte_state[BYTES_MAX]; /* of no block, of a free one, of one in use */
enum { NO_BLOCK, FREE_BLOCK, LIVE_BLOCK };

static struct slab *make_slab(unsigned size_class)
{
    bool clean;
    size_t units = size_classes[size_class].slab_units,
           unit = pool_take_units(SUPERSLAB_SLABS, units, 1, &clean);
    EXPECT(unit != POOL_NO_UNIT);
    struct slab *slab = slab_create(unit, size_class, OWNER);
    for (size_t i = 0; i < units; i++)
        region_tag_set(unit + i, OWNER << TAG_OWNER_LOG2 | size_class);
    return slab;
}

static void drop_slab(struct slab *slab)
{
    size_t units = size_classes[slab->size_class].slab_units, unit = slab->unit;
    for (size_t i = 0; i < units; i++)
        region_tag_set(unit + i, TAG_NONE);
    pool_give_units(unit, units);
}

/* Takes each block with a probability of one in `of`, in rows of up to `row`. */
static void make_random_map(struct slab *slab, uint64_t *random, size_t of, size_t row)
{
    static void *stack[4096];
    unsigned blocks = slab->blocks;
    EXPECT(slab_take(slab, stack + 4095, blocks) == blocks);
    for (unsigned i = 0, left = 0; i < blocks; i++) {
        if (!left && random_below(random, of) == 0)
            left = 1 + (unsigned)random_below(random, row);
        if (left)
            left--;
        else
            EXPECT(slab_put(slab, i / 64, UINT64_C(1) << (i % 64)) == 0);
    }
}

static void read_bytes(struct slab *slab)
{
    size_t size = class_size(slab->size_class);
    memset(byte_state, NO_BLOCK, sizeof byte_state);
    for (unsigned i = 0; i < slab->blocks; i++)
        memset(byte_state + i * size, slab_block_is_free(slab, i) ? FREE_BLOCK : LIVE_BLOCK, size);
}

static uint64_t holes_by_bytes(struct slab *slab, unsigned page_log2)
{
    size_t bytes = (size_t)size_classes[slab->size_class].slab_units << UNIT_LOG2,
           page = (size_t)1 << page_log2;
    uint64_t holes = 0;
    for (size_t at = 0; at < bytes; at += page) {
        bool live = memchr(byte_state + at, LIVE_BLOCK, page) != NULL;
        if (!live && memchr(byte_state + at, FREE_BLOCK, page))
            holes |= UINT64_C(1) << (at >> page_log2);
    }
    return holes;
}

/* Every block that has a byte in the pages. */
static void expect_blocks_of(struct slab *slab, uint64_t pages, unsigned page_log2)
{
    uint64_t map[64];
    size_t size = class_size(slab->size_class);
    slab_blocks_of_pages(slab, pages, page_log2, map);
    for (unsigned i = 0; i < slab->blocks; i++) {
        bool overlaps = false;
        for (size_t page = i * size >> page_log2; page <= ((i + 1) * size - 1) >> page_log2; page++)
            overlaps |= (pages >> page) & 1;
        EXPECT(((map[i / 64] >> (i % 64)) & 1) == overlaps);
    }
}

static void reserve_and_put_back(struct slab *slab, uint64_t pages, unsigned page_log2)
{
    uint64_t map[64];
    unsigned before = slab->free_blocks;
    slab_blocks_of_pages(slab, pages, page_log2, map);
    slab_reserve_pages(slab, pages, page_log2);
    slab_validate(slab);
    for (unsigned w = 0; w < size_classes[slab->size_class].slab_words; w++)
        if (map[w]) {
            EXPECT((slab_words(slab)[w] & map[w]) == 0);
            EXPECT(slab_put(slab, w, map[w]) == 0);
        }
    EXPECT(slab->free_blocks == before);
    slab_validate(slab);
}

static void try_map(struct slab *slab, unsigned page_log2)
{
    read_bytes(slab);
    uint64_t expected = holes_by_bytes(slab, page_log2);
    EXPECT(slab_holes(slab, page_log2) == expected);
    expect_blocks_of(slab, expected, page_log2);
    reserve_and_put_back(slab, expected, page_log2);
    EXPECT(slab_holes(slab, page_log2) == expected);
}

ISOLATED(holes_agree_with_a_model_of_bytes)
{
    uint64_t random = unit_random(1);
    EXPECT(region_claim());
    for (unsigned c = 0; c < SIZE_CLASSES; c++)
        for (int i = 0; i < MAPS; i++) {
            struct slab *slab = make_slab(c);
            make_random_map(slab, &random, 1 + random_below(&random, 200), 1 + random_below(&random, 100));
            for (unsigned page_log2 = 12; page_log2 <= 16; page_log2 += 2)
                try_map(slab, page_log2);
            drop_slab(slab);
        }
}

ISOLATED(an_empty_slab_is_all_holes_and_a_full_one_has_none)
{
    static void *stack[4096];
    EXPECT(region_claim());
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        struct slab *slab = make_slab(c);
        for (unsigned page_log2 = 12; page_log2 <= 16; page_log2 += 2)
            try_map(slab, page_log2);
        EXPECT(slab_holes(slab, 12) != 0);
        EXPECT(slab_take(slab, stack + 4095, slab->blocks) == slab->blocks);
        for (unsigned page_log2 = 12; page_log2 <= 16; page_log2 += 2)
            EXPECT(slab_holes(slab, page_log2) == 0);
        drop_slab(slab);
    }
}

ISOLATED(a_page_that_was_given_back_is_no_hole_until_it_is_used)
{
    static void *stack[4096];
    unsigned page_log2 = bit_lowest(vm_page_bytes());
    EXPECT(region_claim());
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        struct slab *slab = make_slab(c);
        uint64_t pages = slab->purged_pages = slab_holes(slab, page_log2);
        slab->has_purged = true;
        EXPECT(slab_holes(slab, page_log2) == 0);
        for (unsigned i = 0; i < slab->blocks; i++) {
            EXPECT(slab_take(slab, stack + 4095, 1) == 1);
            size_t first = (uintptr_t)stack[4095] - (uintptr_t)slab_address(slab);
            for (size_t page = first >> page_log2; page <= (first + class_size(c) - 1) >> page_log2; page++)
                pages &= ~(UINT64_C(1) << page);
            EXPECT(slab->purged_pages == pages && slab->has_purged == (pages != 0));
        }
        EXPECT(pages == 0);
        drop_slab(slab);
    }
}

/* ---- a bin's slab, reserved and returned */

static struct heap *heap;
static void *blocks[4096];

static struct slab *start_full_slab(unsigned size_class)
{
    slab_link released = 0;
    if (!heap)
        EXPECT((heap = registry_attach()) != NULL);
    EXPECT(bin_add_slab(heap, size_class));
    heap_lock(heap);
    unsigned n = size_classes[size_class].slab_blocks;
    EXPECT(bin_take(heap, size_class, blocks + n - 1, n, &released) == n && !released);
    heap_unlock(heap);
    struct slab *slab = slab_of_unit(region_unit_of(blocks[0]));
    for (unsigned i = 0; i < n; i++) /* they came lowest last */
        blocks[i] = slab_address(slab) + i * class_size(size_class);
    return slab;
}

static uint64_t put(struct slab *slab, unsigned index, slab_link *released)
{
    heap_lock(heap);
    uint64_t twice = bin_put(heap, slab, index / 64, UINT64_C(1) << (index % 64), released);
    heap_unlock(heap);
    return twice;
}

static void put_range(struct slab *slab, unsigned first, unsigned end, slab_link *released)
{
    for (unsigned i = first; i < end; i++)
        EXPECT(put(slab, i, released) == 0);
}

static uint64_t reserve(struct slab *slab)
{
    heap_lock(heap);
    uint64_t pages = bin_reserve_holes(heap, slab);
    heap_unlock(heap);
    bin_validate(heap);
    return pages;
}

static void give_back(struct slab *slab, uint64_t pages, bool purged, slab_link *released)
{
    heap_lock(heap);
    bin_return_holes(heap, slab, pages, purged, released);
    heap_unlock(heap);
    if (!*released)
        bin_validate(heap);
}

static unsigned take(unsigned size_class, unsigned want)
{
    static void *taken[4096];
    slab_link released = 0;
    heap_lock(heap);
    unsigned got = bin_take(heap, size_class, taken + 4095, want, &released);
    heap_unlock(heap);
    EXPECT(!released);
    return got;
}

static size_t page_bytes(uint64_t pages)
{
    return bit_count(pages) * vm_page_bytes();
}

ISOLATED(reserved_blocks_are_not_given_out)
{
    slab_link released = 0;
    for (unsigned c = 0; c < SIZE_CLASSES; c += 5) {
        struct slab *slab = start_full_slab(c);
        put_range(slab, 1, slab->blocks, &released);
        unsigned before = slab->free_blocks;
        uint64_t pages = reserve(slab);
        if (pages) {
            EXPECT(slab->free_blocks < before);
            unsigned left = slab->free_blocks;
            EXPECT(take(c, 4096) == left && slab->state == SLAB_FULL);
            give_back(slab, pages, true, &released);
            EXPECT(slab->purged_pages == pages && heap->purged_bytes == page_bytes(pages));
            EXPECT(slab->free_blocks == before - left);
            EXPECT(take(c, 4096) == before - left && heap->purged_bytes == 0 && heap->free_bytes == 0);
        }
        EXPECT(!released);
    }
}

ISOLATED(what_could_not_be_purged_is_as_it_was)
{
    slab_link released = 0;
    unsigned c = class_of_size(64);
    struct slab *slab = start_full_slab(c);
    put_range(slab, 0, 600, &released);
    size_t free_bytes = heap->free_bytes;
    uint64_t pages = reserve(slab);
    EXPECT(bit_count(pages) == 600 * 64 / vm_page_bytes());
    give_back(slab, pages, false, &released);
    EXPECT(heap->free_bytes == free_bytes && heap->purged_bytes == 0 && slab->purged_pages == 0);
    EXPECT(reserve(slab) == pages);
    give_back(slab, pages, true, &released);
    EXPECT(reserve(slab) == 0);
}

ISOLATED(a_slab_that_empties_meanwhile_is_released_when_its_holes_return)
{
    slab_link released = 0;
    unsigned c = class_of_size(64);
    struct slab *slab = start_full_slab(c);
    put_range(slab, 0, slab->blocks / 2u, &released);
    uint64_t pages = reserve(slab);
    EXPECT(pages != 0);
    put_range(slab, slab->blocks / 2u, slab->blocks, &released);
    EXPECT(!released && !slab_is_empty(slab));
    give_back(slab, pages, true, &released);
    EXPECT(released == slab_to_link(slab) && slab->state == SLAB_NONE);
    EXPECT(region_tag(slab->unit) == TAG_NONE);
    bin_give_released(heap, released);
    EXPECT(heap->free_bytes == 0 && heap->purged_bytes == 0);
    unit_validate();
}

ISOLATED(a_full_slab_with_returned_holes_is_taken_from_again)
{
    slab_link released = 0;
    unsigned c = class_of_size(128), half = size_classes[c].slab_blocks / 2u;
    struct slab *slab = start_full_slab(c);
    put_range(slab, 0, half, &released);
    uint64_t pages = reserve(slab);
    EXPECT(slab->state == SLAB_FULL && take(c, 1) == 0);
    give_back(slab, pages, true, &released);
    EXPECT(slab->state == SLAB_PARTIAL && take(c, 4096) == half && slab->state == SLAB_FULL);
}

static void free_a_reserved_block_twice(void *unused)
{
    (void)unused;
    slab_link released = 0;
    struct slab *slab = start_full_slab(class_of_size(64));
    put_range(slab, 0, 600, &released);
    uint64_t pages = reserve(slab);
    EXPECT(put(slab, 5, &released) == 0); /* as far as the map knows */
    heap_lock(heap);
    bin_return_holes(heap, slab, pages, true, &released);
}

static void a_double_free_of_a_reserved_block_is_found_when_it_returns(void **state)
{
    (void)state;
    unit_expect_abort(free_a_reserved_block_twice, NULL, "hakmem: double free of 0x");
}

/* ---- passes */

static struct holes_result pass_of(enum holes_pass kind)
{
    struct holes_result result = {0};
    for (size_t unit = 0;;) {
        holes_purge(&unit, 7, kind, &result);
        if (!unit)
            return result;
    }
}

static struct holes_result pass(bool all)
{
    return pass_of(all ? HOLES_ALL : HOLES_QUIET);
}

static void fill(unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++)
        memset(blocks[i], 0xa5, 64);
}

ISOLATED(a_slab_is_purged_once_it_was_quiet_for_a_pass)
{
    slab_link released = 0;
    struct slab *slab = start_full_slab(class_of_size(64));
    fill(0, slab->blocks);
    put_range(slab, 0, 640, &released);
    struct holes_result first = pass(false);
    EXPECT(first.bytes == 0 && first.not_quiet == 640 * 64);
    EXPECT(put(slab, 640, &released) == 0); /* not quiet after all */
    EXPECT(pass(false).bytes == 0);
    struct holes_result second = pass(false);
    EXPECT(second.bytes == align_down(641 * 64, vm_page_bytes()) && second.not_quiet == 0);
    for (unsigned i = 0; i < 640; i++)
        EXPECT(*(char *)blocks[i] == 0 || vm_page_bytes() > 4096);
    for (unsigned i = 641; i < slab->blocks; i++)
        EXPECT(block_is_zero(blocks[i], 64) == false && *(unsigned char *)blocks[i] == 0xa5);
    EXPECT(pass(false).bytes == 0 && pass(true).bytes == 0);
    unit_validate();
}

ISOLATED(a_purge_of_all_does_not_ask_for_quiet)
{
    slab_link released = 0;
    struct slab *slab = start_full_slab(class_of_size(64));
    put_range(slab, 0, 640, &released);
    EXPECT(pass(true).bytes == align_down(640 * 64, vm_page_bytes()));
    EXPECT(pass(true).bytes == 0);
}

ISOLATED(a_purge_one_by_one_leaves_huge_pages_alone)
{
    slab_link released = 0;
    struct slab *slab = start_full_slab(class_of_size(64));
    put_range(slab, 0, 640, &released);
    while (!pool_note_density(slab->unit >> SUPERSLAB_UNITS_LOG2, true))
        ;
    EXPECT(pass_of(HOLES_ALL_SINGLY).bytes == 0);
    pool_note_holes(slab->unit); /* there is none any more */
    EXPECT(pass_of(HOLES_ALL_SINGLY).bytes == align_down(640 * 64, vm_page_bytes()));
}

/* The kernel refuses: nothing is lost, nothing counts as given back, and it is not tried for ever. */
ISOLATED(a_refused_purge_loses_nothing)
{
    slab_link released = 0;
    struct slab *slab = start_full_slab(class_of_size(64));
    fill(0, slab->blocks);
    put_range(slab, 0, 640, &released);
    size_t free_bytes = heap->free_bytes;
    vm_test_fail_at(1);
    EXPECT(pass(true).bytes == 0);
    EXPECT(vm_test_fail_at(0) >= 1);
    EXPECT(heap->free_bytes == free_bytes && heap->purged_bytes == 0);
    unit_validate();
    EXPECT(pass(false).bytes == 0 && pass(false).not_quiet == 0);
    EXPECT(pass(true).bytes == align_down(640 * 64, vm_page_bytes()));
    unit_validate();
}

/* More slabs, and more ranges, than one batch holds. */
ISOLATED(many_slabs_are_purged_in_batches)
{
    enum { SLABS = 150 };
    static struct slab *slabs[SLABS];
    slab_link released = 0;
    size_t expected = 0;
    for (unsigned s = 0; s < SLABS; s++) {
        slabs[s] = start_full_slab(class_of_size(1024));
        memset(slab_address(slabs[s]), 1, UNIT_BYTES);
    }
    for (unsigned s = 0; s < SLABS; s++) {
        for (unsigned i = 0; i < slabs[s]->blocks; i++)
            if (i % 8 < 4)
                EXPECT(put(slabs[s], i, &released) == 0);
        expected += page_bytes(slab_holes(slabs[s], bit_lowest(vm_page_bytes())));
    }
    EXPECT(pass(true).bytes == expected && heap->purged_bytes == expected);
    for (unsigned s = 0; s < SLABS; s++)
        for (size_t at = 0; at < UNIT_BYTES; at += 4096)
            EXPECT(slab_address(slabs[s])[at] == (at % 8192 >= 4096 || vm_page_bytes() > 4096));
    unit_validate();
}

/* ---- cached runs */

ISOLATED(a_cached_run_goes_back_when_two_passes_found_it)
{
    bool clean;
    EXPECT(registry_attach() != NULL);
    heap = tls_real;
    size_t unit = pool_take_units(SUPERSLAB_SLABS, 1, 1, &clean);
    EXPECT(unit != POOL_NO_UNIT && runcache_put(heap, unit, 1));
    runcache_release_quiet(heap);
    EXPECT(runcache_take(heap, 1) == unit && runcache_put(heap, unit, 1));
    runcache_release_quiet(heap); /* it cannot tell that the run was away */
    EXPECT(runcache_take(heap, 1) == SIZE_MAX);
    pool_validate();
    struct pool_stats stats;
    pool_stats_read(&stats);
    EXPECT(stats.shared == 0 && stats.warm + stats.free_dirty_units == 1);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(holes_agree_with_a_model_of_bytes),
    cmocka_unit_test(an_empty_slab_is_all_holes_and_a_full_one_has_none),
    cmocka_unit_test(a_page_that_was_given_back_is_no_hole_until_it_is_used),
    cmocka_unit_test(reserved_blocks_are_not_given_out),
    cmocka_unit_test(what_could_not_be_purged_is_as_it_was),
    cmocka_unit_test(a_slab_that_empties_meanwhile_is_released_when_its_holes_return),
    cmocka_unit_test(a_full_slab_with_returned_holes_is_taken_from_again),
    cmocka_unit_test(a_double_free_of_a_reserved_block_is_found_when_it_returns),
    cmocka_unit_test(a_slab_is_purged_once_it_was_quiet_for_a_pass),
    cmocka_unit_test(a_purge_of_all_does_not_ask_for_quiet),
    cmocka_unit_test(a_purge_one_by_one_leaves_huge_pages_alone),
    cmocka_unit_test(a_refused_purge_loses_nothing),
    cmocka_unit_test(many_slabs_are_purged_in_batches),
    cmocka_unit_test(a_cached_run_goes_back_when_two_passes_found_it),
};

UNIT_MAIN(tests)
