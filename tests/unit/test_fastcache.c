/* heap/fastcache.c: what a miss brings, how caches grow, what an overflow takes out, and their options. */
#include "unit/unit.h"

#include <sched.h>

#include "front/front.h"
#include "hakmem.h"
#include "heap/depot.h"
#include "heap/fastcache.h"
#include "heap/registry.h"

enum { MANY_BLOCKS = 20000 };

static void *blocks[MANY_BLOCKS + 1];

static void allocate(size_t size, size_t n)
{
    for (size_t i = 0; i < n; i++)
        EXPECT((blocks[i] = front_malloc(size)) != NULL);
    blocks[n] = NULL;
}

static void free_all(void)
{
    for (void **at = blocks; *at; at++)
        front_free(*at);
}

static bool count_block(void *block, size_t usable_size, void *argument)
{
    (void)block;
    (void)usable_size;
    ++*(size_t *)argument;
    return true;
}

static size_t live_blocks(void)
{
    size_t n = 0;
    EXPECT(hakmem_walk(count_block, &n));
    return n;
}

static uint64_t stat(_Atomic uint64_t *counter)
{
    return atomic_load(counter);
}

static unsigned largest_capacity(unsigned size_class, unsigned cap)
{
    size_t by_bytes = size_max(FASTCACHE_MIN_BLOCKS, FASTCACHE_MAX_BYTES / class_size(size_class));
    return 1u << bit_highest(size_min(by_bytes, cap));
}

/* ---- order */

ISOLATED(a_fresh_slab_gives_its_blocks_lowest_first)
{
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        size_t n = size_classes[c].slab_blocks;
        allocate(class_size(c), n);
        EXPECT((uintptr_t)blocks[0] % UNIT_BYTES == 0);
        for (size_t i = 1; i < n; i++)
            EXPECT(blocks[i] == (char *)blocks[0] + i * class_size(c));
        unit_validate();
    }
}

ISOLATED(the_block_freed_last_comes_first)
{
    void *first = front_malloc(100), *second = front_malloc(100);
    front_free(first);
    front_free(second);
    EXPECT(front_malloc(100) == second);
    EXPECT(front_malloc(100) == first);
}

/* ---- capacity */

/* Batches of more blocks than any cache holds come and go. */
static void thrash(unsigned size_class)
{
    size_t n = size_class < 16 ? MANY_BLOCKS : 500;
    for (int round = 0; round < 6; round++) {
        allocate(class_size(size_class), n);
        free_all();
        unit_validate();
        EXPECT(live_blocks() == 0);
    }
}

static void expect_capacity_up_to(unsigned cap)
{
    atomic_store(&options.fc_cap, cap);
    for (unsigned c = 0; c < SIZE_CLASSES; c += 7) {
        thrash(c);
        allocate(class_size(c), 500); /* many frees in a row may have made it small again */
        EXPECT(tls_heap->capacity[c] == largest_capacity(c, cap));
        free_all();
    }
}

ISOLATED(caches_grow_to_the_least_cap)
{
    expect_capacity_up_to(4);
}

ISOLATED(a_cap_is_rounded_down_to_a_power_of_two)
{
    expect_capacity_up_to(63);
}

ISOLATED(caches_grow_to_the_default_cap)
{
    expect_capacity_up_to(256);
}

ISOLATED(caches_grow_to_the_greatest_cap)
{
    expect_capacity_up_to(4096);
}

ISOLATED(a_cache_that_never_misses_does_not_grow)
{
    for (int i = 0; i < MANY_BLOCKS; i++)
        front_free(front_malloc(64));
    EXPECT(tls_heap->capacity[class_of_size(64)] == FASTCACHE_START_BLOCKS);
}

ISOLATED(a_stack_that_was_outgrown_serves_another_class)
{
    unsigned c = class_of_size(64);
    front_free(front_malloc(64));
    void **first = tls_heap->limit[c] - tls_heap->capacity[c];
    unsigned capacity = tls_heap->capacity[c];
    thrash(c);
    EXPECT(tls_heap->capacity[c] > capacity);
    front_free(front_malloc(128));
    unsigned other = class_of_size(128);
    EXPECT(tls_heap->capacity[other] == capacity && tls_heap->limit[other] - capacity == first);
}

/* ---- refills */

static uint64_t blocks_of_first_refill(unsigned size_class)
{
    uint64_t before = stat(&tls_real->stats.refill_blocks);
    front_free(front_malloc(class_size(size_class)));
    return stat(&tls_real->stats.refill_blocks) - before;
}

ISOLATED(the_option_says_how_many_blocks_a_miss_brings_at_first)
{
    front_free(front_malloc(1000));
    atomic_store(&options.fc_refill, 1);
    uint64_t least = blocks_of_first_refill(0);
    atomic_store(&options.fc_refill, 1024);
    uint64_t greatest = blocks_of_first_refill(1);
    EXPECT(least >= 1 && least < greatest);
    EXPECT(greatest <= tls_heap->capacity[1]);
}

ISOLATED(a_refill_never_brings_more_than_the_cache_holds)
{
    atomic_store(&options.fc_refill, 1024);
    atomic_store(&options.fc_cap, 4);
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        allocate(class_size(c), 10);
        EXPECT(fastcache_blocks(tls_heap, c) <= tls_heap->capacity[c]);
        free_all();
        EXPECT(fastcache_blocks(tls_heap, c) <= tls_heap->capacity[c]);
    }
}

/* ---- flushes */

/* Fills the cache of 64-byte blocks, which has no room to grow; returns how many of `blocks` that took. */
static size_t fill_cache(unsigned c)
{
    atomic_store(&options.fc_cap, FASTCACHE_START_BLOCKS);
    allocate(64, 200 + 8 * FASTCACHE_START_BLOCKS);
    size_t room = (size_t)(tls_heap->limit[c] - tls_heap->top[c]);
    uint64_t flushes = stat(&tls_real->stats.flushes);
    for (size_t i = 0; i < room; i++)
        front_free(blocks[i]);
    EXPECT(stat(&tls_real->stats.flushes) == flushes);
    EXPECT(fastcache_blocks(tls_heap, c) == tls_heap->capacity[c]);
    return room;
}

enum { FEW_OVERFLOWS = 24, FEW_BLOCKS = 4 };

/* Frees blocks until the cache overflows; returns how many it gave up. */
static uint64_t blocks_of_next_overflow(size_t *next)
{
    uint64_t flushes = stat(&tls_real->stats.flushes), before = stat(&tls_real->stats.flush_blocks);
    while (stat(&tls_real->stats.flushes) == flushes)
        front_free(blocks[(*next)++]);
    return stat(&tls_real->stats.flush_blocks) - before;
}

ISOLATED(an_overflow_takes_out_the_oldest_blocks)
{
    unsigned c = class_of_size(64);
    size_t next = fill_cache(c), capacity = tls_heap->capacity[c];
    void *last = blocks[next], *before_last = blocks[next - 1];
    EXPECT(blocks_of_next_overflow(&next) == size_min(FEW_BLOCKS, (capacity + 1) / 2));
    EXPECT(front_malloc(64) == last);
    if (capacity > 2)
        EXPECT(front_malloc(64) == before_last);
    unit_validate();
}

ISOLATED(many_overflows_in_a_row_take_out_twice_as_much_each_time_up_to_half)
{
    unsigned c = class_of_size(64);
    size_t next = fill_cache(c), half = ((size_t)tls_heap->capacity[c] + 1) / 2;
    for (int i = 0; i < FEW_OVERFLOWS; i++)
        EXPECT(blocks_of_next_overflow(&next) == size_min(FEW_BLOCKS, half));
    for (size_t out = FEW_BLOCKS; out < half; out *= 2)
        EXPECT(blocks_of_next_overflow(&next) == out);
    EXPECT(blocks_of_next_overflow(&next) == half);
    EXPECT(blocks_of_next_overflow(&next) == half);
    unit_validate();
}

ISOLATED(after_a_refill_an_overflow_takes_out_few_again)
{
    unsigned c = class_of_size(64);
    size_t next = fill_cache(c);
    uint64_t first = blocks_of_next_overflow(&next);
    for (int i = 0; i < FEW_OVERFLOWS + 2; i++)
        blocks_of_next_overflow(&next);
    uint64_t refills = stat(&tls_real->stats.refills);
    while (stat(&tls_real->stats.refills) == refills)
        EXPECT(front_malloc(64) != NULL);
    allocate(64, 8 * FASTCACHE_START_BLOCKS);
    next = 0;
    EXPECT(blocks_of_next_overflow(&next) == first);
    unit_validate();
}

/* What it holds keeps pages that have nothing else. */
ISOLATED(a_long_run_of_frees_leaves_little_in_the_cache)
{
    enum { COUNT = 28000 };
    static void *many[COUNT];
    unsigned c = class_of_size(64);
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT; i++)
            many[i] = front_malloc(64);
        EXPECT(tls_heap->capacity[c] > FASTCACHE_START_BLOCKS);
        for (size_t i = 0; i < COUNT; i++)
            front_free(many[i]);
        EXPECT(fastcache_blocks(tls_heap, c) <= FASTCACHE_START_BLOCKS);
        EXPECT(tls_heap->capacity[c] == FASTCACHE_START_BLOCKS);
    }
    unit_validate();
}

ISOLATED(a_flush_of_all_leaves_every_slab_whole)
{
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        allocate(class_size(c), 40);
        free_all();
    }
    fastcache_flush_all(tls_heap);
    for (unsigned c = 0; c < SIZE_CLASSES; c++)
        EXPECT(fastcache_blocks(tls_heap, c) == 0);
    for (size_t unit = 0; unit < region_units(); unit++)
        EXPECT(region_tag(unit) < TAG_OWNED || slab_is_empty(slab_of_unit(unit)));
    unit_validate();
}

/* ---- the choice of slabs */

static void *take_from_slabs(unsigned size_class)
{
    void *block = NULL;
    slab_link released = 0;
    heap_lock(tls_real);
    bin_take(tls_real, size_class, &block, 1, &released);
    heap_unlock(tls_real);
    EXPECT(released == 0);
    return block;
}

/* Of slabs with 12, 2 and 8 of 16 blocks free that with 2 gives all it has, then that with 8. */
ISOLATED(the_fullest_slab_gives_first)
{
    unsigned c = class_of_size(4096), order = 0;
    static const unsigned free_blocks[3] = {12, 2, 8}, expected[3] = {1, 2, 0};
    allocate(4096, 4 * 16);
    for (unsigned s = 0; s < 3; s++)
        for (unsigned i = 0; i < free_blocks[s]; i++)
            front_free(blocks[16 * s + i]);
    fastcache_flush_all(tls_heap);
    for (void *block; order < 3 && (block = take_from_slabs(c)) != NULL;)
        for (unsigned s = 0; s < 3; s++)
            if (region_unit_of(block) == region_unit_of(blocks[16 * s])) {
                EXPECT(s == expected[order]);
                order += slab_of_unit(region_unit_of(block))->free_blocks == 0;
            }
    EXPECT(order == 3);
    unit_validate();
}

/* ---- front-direct and the depot */

static void free_all_in_thread(void *unused)
{
    (void)unused;
    free_all();
}

/* Leaves at least three magazines of 64-byte blocks in the depot. */
static void fill_depot(void)
{
    allocate(64, YOUNG_EVENTS + 3 * MAGAZINE_BLOCKS);
    unit_in_thread(free_all_in_thread, NULL);
}

/* A refill of an empty cache; the class's current slab has blocks to give. */
static void refill_once(void)
{
    unsigned c = class_of_size(64);
    while (fastcache_blocks(tls_heap, c))
        EXPECT(front_malloc(64));
    EXPECT(front_malloc(64));
}

ISOLATED(front_direct_asks_the_slab_first)
{
    fill_depot();
    uint64_t hits = stat(&tls_real->stats.depot_hits);
    refill_once();
    EXPECT(stat(&tls_real->stats.depot_hits) == hits);
}

ISOLATED(without_front_direct_the_depot_is_asked_first)
{
    atomic_store(&options.front_direct, 0);
    fill_depot();
    uint64_t hits = stat(&tls_real->stats.depot_hits), misses = stat(&tls_real->stats.depot_misses);
    for (unsigned i = 1; i <= 3; i++) {
        refill_once();
        EXPECT(stat(&tls_real->stats.depot_hits) == hits + i);
    }
    EXPECT(stat(&tls_real->stats.depot_misses) == misses);
    refill_once();
    EXPECT(stat(&tls_real->stats.depot_misses) == misses + 1);
    unit_validate();
}

ISOLATED(a_magazine_larger_than_a_refill_loses_nothing)
{
    atomic_store(&options.front_direct, 0);
    atomic_store(&options.fc_cap, 4);
    fill_depot();
    size_t live = live_blocks();
    refill_once();
    EXPECT(live_blocks() > live);
    hakmem_trim();
    unit_validate();
    struct hakmem_stats stats;
    hakmem_stats_read(&stats, sizeof stats);
    EXPECT(stats.live_blocks == live_blocks());
}

/* Threads started from here on inherit it. */
static void stay_on_this_processor(void)
{
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET((unsigned)sched_getcpu(), &here);
    EXPECT(pthread_setaffinity_np(pthread_self(), sizeof here, &here) == 0);
}

/* Of each class, and in all. */
ISOLATED(a_shard_keeps_no_more_than_its_share)
{
    static const size_t sizes[] = {1024, 896, 768, 640, 512, 448};
    size_t one = size_min(MAGAZINE_MAX_BYTES, MAGAZINE_BLOCKS * 1024), before = 0;
    atomic_store(&options.scavenger, 0); /* or it might take magazines out meanwhile */
    stay_on_this_processor();
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        allocate(sizes[i], YOUNG_EVENTS + 2 * DEPOT_CLASS_BYTES / sizes[i] + 2 * MAGAZINE_BLOCKS);
        unit_in_thread(free_all_in_thread, NULL);
        EXPECT(depot_bytes() > before || depot_bytes() >= DEPOT_SHARD_BYTES);
        EXPECT(depot_bytes() - before <= size_max(DEPOT_CLASS_BYTES, 2 * one));
        EXPECT(depot_bytes() < DEPOT_SHARD_BYTES + one);
        before = depot_bytes();
    }
    EXPECT(before >= DEPOT_SHARD_BYTES);
    unit_validate();
}

/* ---- counting */

ISOLATED(the_gate_counts_calls_and_hits)
{
    front_free(front_malloc(1));
    registry_gate(true);
    EXPECT(thread_is_gated());
    struct heap_stats *s = &tls_real->stats;
    uint64_t refills = stat(&s->refills), flushes = stat(&s->flushes);
    allocate(64, 1000);
    free_all();
    EXPECT(stat(&s->mallocs) == 1000 && stat(&s->frees) == 1000);
    EXPECT(stat(&s->malloc_hits) == 1000 - (stat(&s->refills) - refills));
    EXPECT(stat(&s->free_hits) <= 1000 - (stat(&s->flushes) - flushes));
    registry_gate(false);
    EXPECT(!thread_is_gated() && tls_heap == tls_real);
    allocate(64, 10);
    free_all();
    EXPECT(stat(&s->mallocs) == 1000 && stat(&s->frees) == 1000);
    EXPECT(live_blocks() == 0);
}

/* ---- decay and budget */

static size_t cached(size_t size)
{
    return fastcache_blocks(tls_heap, class_of_size(size));
}

/* Enough refills and flushes for looks at the clock. */
static void miss_often(size_t size)
{
    for (int i = 0; i < 3; i++) {
        allocate(size, MANY_BLOCKS);
        free_all();
    }
}

ISOLATED(caches_that_were_not_missed_for_a_decay_are_emptied)
{
    atomic_store(&options.decay_ms, 0);
    miss_often(64);
    front_free(front_malloc(512));
    EXPECT(cached(512) > 0);
    miss_often(64);
    EXPECT(cached(512) == 0 && cached(64) > 0);
    unit_validate();
    EXPECT(live_blocks() == 0);
}

ISOLATED(caches_are_kept_within_a_decay)
{
    atomic_store(&options.decay_ms, 3600000);
    atomic_store(&options.thrift, THRIFT_NEVER);
    miss_often(64); /* the first look finds that it is long since the machine started */
    front_free(front_malloc(512));
    miss_often(64);
    EXPECT(cached(512) > 0 || tls_heap->decayed_ms == 0);
}

static pthread_barrier_t all_there, all_seen;

static void *hold_a_heap(void *unused)
{
    front_free(front_malloc(16));
    pthread_barrier_wait(&all_there);
    pthread_barrier_wait(&all_seen);
    return unused;
}

/* With very many threads each has less, those that had much give it up as they overflow, and all of it comes
 * again when the others are gone. */
ISOLATED(many_threads_have_smaller_caches)
{
    enum { THREADS = 300 };
    static pthread_t threads[THREADS];
    unsigned c = class_of_size(256);
    thrash(c);
    unsigned alone = tls_heap->capacity[c];
    pthread_barrier_init(&all_there, NULL, THREADS + 1);
    pthread_barrier_init(&all_seen, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        threads[i] = unit_thread(hold_a_heap, NULL);
    pthread_barrier_wait(&all_there);
    thrash(c);
    unsigned among_many = tls_heap->capacity[c];
    EXPECT(among_many < alone && among_many >= 2);
    pthread_barrier_wait(&all_seen);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    thrash(c);
    EXPECT(tls_heap->capacity[c] == alone);
    unit_validate();
}

ISOLATED(ageing_takes_the_magazines_that_nobody_needed)
{
    fill_depot();
    size_t bytes = depot_bytes();
    EXPECT(bytes > 0);
    depot_age(registry_commons()); /* the first time begins */
    EXPECT(depot_bytes() == bytes);
    fastcache_flush_all(tls_heap);
    depot_age(registry_commons());
    EXPECT(depot_bytes() == 0);
    depot_age(registry_commons());
    unit_validate();
    EXPECT(live_blocks() == 0 || HAKMEM_TORTURE);
}

ISOLATED(ageing_leaves_what_was_needed)
{
    unsigned c = class_of_size(64);
    void *taken[MAGAZINE_BLOCKS];
    fill_depot();
    size_t bytes = depot_bytes();
    depot_age(registry_commons());
    EXPECT(depot_take(tls_real, c, taken + MAGAZINE_BLOCKS - 1, MAGAZINE_BLOCKS) == MAGAZINE_BLOCKS);
    depot_publish(tls_real, c, taken, MAGAZINE_BLOCKS);
    size_t left = depot_bytes();
    EXPECT(left < bytes && left > 0);
    depot_age(registry_commons()); /* what was there all the time goes */
    EXPECT(depot_bytes() == 0);
    unit_validate();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_fresh_slab_gives_its_blocks_lowest_first),
    cmocka_unit_test(the_block_freed_last_comes_first),
    cmocka_unit_test(caches_grow_to_the_least_cap),
    cmocka_unit_test(a_cap_is_rounded_down_to_a_power_of_two),
    cmocka_unit_test(caches_grow_to_the_default_cap),
    cmocka_unit_test(caches_grow_to_the_greatest_cap),
    cmocka_unit_test(a_cache_that_never_misses_does_not_grow),
    cmocka_unit_test(a_stack_that_was_outgrown_serves_another_class),
    cmocka_unit_test(the_option_says_how_many_blocks_a_miss_brings_at_first),
    cmocka_unit_test(a_refill_never_brings_more_than_the_cache_holds),
    cmocka_unit_test(an_overflow_takes_out_the_oldest_blocks),
    cmocka_unit_test(many_overflows_in_a_row_take_out_twice_as_much_each_time_up_to_half),
    cmocka_unit_test(after_a_refill_an_overflow_takes_out_few_again),
    cmocka_unit_test(a_long_run_of_frees_leaves_little_in_the_cache),
    cmocka_unit_test(a_flush_of_all_leaves_every_slab_whole),
    cmocka_unit_test(the_fullest_slab_gives_first),
    cmocka_unit_test(front_direct_asks_the_slab_first),
    cmocka_unit_test(without_front_direct_the_depot_is_asked_first),
    cmocka_unit_test(a_shard_keeps_no_more_than_its_share),
    cmocka_unit_test(a_magazine_larger_than_a_refill_loses_nothing),
    cmocka_unit_test(the_gate_counts_calls_and_hits),
    cmocka_unit_test(caches_that_were_not_missed_for_a_decay_are_emptied),
    cmocka_unit_test(caches_are_kept_within_a_decay),
    cmocka_unit_test(many_threads_have_smaller_caches),
    cmocka_unit_test(ageing_takes_the_magazines_that_nobody_needed),
    cmocka_unit_test(ageing_leaves_what_was_needed),
};

UNIT_MAIN(tests)
