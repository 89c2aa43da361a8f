/* heap/thrift.c: a heap gives back before it grows, a bounded number of times, and nothing that is in use;
 * by default for large blocks, or where a quarter of it or 2 MiB are free, a little at a time, and only while
 * that costs little. */
#include "unit/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "front/front.h"
#include "heap/registry.h"
#include "heap/scavenger.h"
#include "heap/thrift.h"
#include "os/vm.h"
#include "pool/pool.h"

enum { BLOCKS = 16384, BLOCK_BYTES = 512, ROW = 16, RUNS = 32, LARGE_BYTES = THRIFT_RUN_UNITS * UNIT_BYTES };

static unsigned char *blocks[BLOCKS];

static void be_thrifty(void)
{
    atomic_store(&options.thrift, THRIFT_ALWAYS);
}

static void lower_marks(void)
{
    for (int i = 0; i < THRIFT_GROWTHS; i++)
        atomic_store(&thrift_marks[i], 0);
}

/* By default it does not count what was in use at the pass before, either. */
static void lower_all_marks(void)
{
    lower_marks();
    for (int i = 0; i < THRIFT_GROWTHS; i++)
        thrift_used_marks[i] = 0;
}

static size_t mark(void)
{
    return atomic_load(&thrift_marks[THRIFT_GROWTH_ANY]);
}

static size_t given_back(void)
{
    return atomic_load(&scavenger_stats.purged_bytes) + atomic_load(&scavenger_stats.holes_bytes);
}

static void fill(void *block, size_t bytes, size_t seed)
{
    EXPECT(block != NULL);
    block_fill(block, bytes, seed);
}

/* 8 MiB of blocks, of which so many rows, of two pages each, of every so many are free again. */
static void fill_and_free(size_t free_rows, size_t of_rows)
{
    for (size_t i = 0; i < BLOCKS; i++)
        fill(blocks[i] = front_malloc(BLOCK_BYTES), BLOCK_BYTES, i);
    for (size_t i = 0; i < BLOCKS; i++)
        if (i / ROW % of_rows < free_rows)
            front_free(blocks[i]);
}

static void make_holes(void)
{
    fill_and_free(1, 2);
}

static void expect_live_blocks(void)
{
    for (size_t i = 0; i < BLOCKS; i++)
        EXPECT(i / ROW % 2 == 0 || block_holds(blocks[i], BLOCK_BYTES, i));
    unit_validate();
}

ISOLATED(a_heap_with_free_pages_gives_them_back_before_it_grows)
{
    be_thrifty();
    make_holes();
    size_t resident = pool_resident_bytes(), before = given_back();
    for (int i = 0; i < RUNS; i++)
        fill(front_malloc(UNIT_BYTES), UNIT_BYTES, 1);
    EXPECT(given_back() > before);
    EXPECT(pool_resident_bytes() < resident);
    expect_live_blocks();
}

ISOLATED(a_heap_without_free_memory_gives_nothing_back)
{
    be_thrifty();
    for (size_t i = 0; i < BLOCKS; i++)
        fill(blocks[i] = front_malloc(BLOCK_BYTES), BLOCK_BYTES, i);
    size_t before = given_back();
    lower_marks();
    EXPECT(thrift_note_growth(tls_real, 0) == 0 && given_back() == before);
    EXPECT(mark() > pool_resident_bytes());
}

ISOLATED(nothing_is_given_back_while_used_memory_can_serve)
{
    be_thrifty();
    front_free(front_malloc(RUN_MAX_BYTES));
    make_holes();
    bool clean;
    size_t unit = pool_take_units(SUPERSLAB_RUNS, 1, 1, &clean);
    pool_give_units(unit, 1);
    EXPECT(thrift_note_growth(tls_real, 1) == 0);
    EXPECT(thrift_note_growth(tls_real, 0) > 0);
}

/* Passes whose memory nobody touches again are bounded by the mark. */
ISOLATED(passes_are_numbered)
{
    int passes = 0;
    be_thrifty();
    make_holes();
    for (size_t before = 0, now; (now = mark()) != SIZE_MAX; before = now) {
        EXPECT(now > before);
        thrift_note_growth(tls_real, 0);
        passes++;
    }
    EXPECT(passes < 1200);
    expect_live_blocks();
}

/* With the memory touched again each time they are bounded by that. */
ISOLATED(passes_end_that_earn_nothing)
{
    int passes = 0;
    be_thrifty();
    make_holes();
    for (int i = 0; i < 1000; i++) {
        void *run = front_malloc(RUN_MAX_BYTES);
        fill(run, RUN_MAX_BYTES, 1);
        front_free(run);
        passes += thrift_note_growth(tls_real, 0) > 0;
    }
    EXPECT(passes > 0 && passes < 1000);
    size_t before = given_back();
    EXPECT(thrift_note_growth(tls_real, 0) == 0 && given_back() == before);
}

ISOLATED(there_is_no_pass_while_somebody_else_makes_one)
{
    be_thrifty();
    make_holes();
    scavenger_hold();
    EXPECT(thrift_note_growth(tls_real, 0) == 0);
    scavenger_let_go();
    EXPECT(thrift_note_growth(tls_real, 0) > 0);
}

ISOLATED(with_never_there_is_none)
{
    atomic_store(&options.thrift, THRIFT_NEVER);
    make_holes();
    for (int i = 0; i < RUNS; i++)
        fill(front_malloc(LARGE_BYTES), LARGE_BYTES, 1);
    EXPECT(given_back() == 0);
}

/* A signal's handler may have interrupted a fast path, which would not find its cache as it was. */
static void allocate_much(int signal)
{
    (void)signal;
    for (int i = 0; i < 64; i++) {
        lower_marks();
        fill(front_malloc(LARGE_BYTES), LARGE_BYTES, 1);
    }
}

ISOLATED(no_handler_makes_one)
{
    be_thrifty();
    make_holes();
    atomic_store(&thrift_marks[THRIFT_GROWTH_ANY], SIZE_MAX);
    EXPECT(signal(SIGUSR1, allocate_much) != SIG_ERR && raise(SIGUSR1) == 0);
    EXPECT(given_back() == 0);
    allocate_much(0);
    EXPECT(given_back() > 0);
}

/* ---- by default */

/* Enough time has passed for as many passes as there may be. */
static void be_old(void)
{
    thrift_began_ms = 1;
}

ISOLATED(by_default_runs_have_memory_given_back_where_less_is_free)
{
    be_old();
    make_holes();
    for (int i = 0; i < RUNS; i++)
        fill(front_malloc(UNIT_BYTES), UNIT_BYTES, 1);
    for (int i = 0; i < 8; i++)
        fill(front_malloc(SUPERSLAB_BYTES + 1), 1, 1);
    EXPECT(given_back() == 0);
    fill(front_malloc(LARGE_BYTES), LARGE_BYTES, 1);
    EXPECT(given_back() > 0);
    expect_live_blocks();
}

/* A pass gives back some of many holes, and the next one goes on behind them. */
ISOLATED(by_default_a_pass_is_short)
{
    enum { SHORT_BYTES = 2 * 1024 * 1024 };
    be_old();
    make_holes();
    size_t passes = 0, before = atomic_load(&scavenger_stats.holes_bytes), now;
    for (; thrift_note_growth(tls_real, THRIFT_RUN_UNITS) > 0 && passes < 100; before = now, passes++) {
        lower_all_marks();
        now = atomic_load(&scavenger_stats.holes_bytes);
        EXPECT(now - before <= SHORT_BYTES);
        expect_live_blocks();
    }
    EXPECT(passes > 1 && before > BLOCKS / 4 * BLOCK_BYTES);
}

/* Nearly all of it is free in between. */
static size_t passes_of_a_heap_that_breathes(size_t bytes)
{
    size_t passes = 0;
    for (int i = 0; i < 200; i++) {
        size_t before = given_back();
        lower_all_marks();
        void *run = front_malloc(bytes);
        fill(run, bytes, 1);
        front_free(run);
        thrift_note_growth(tls_real, 0);
        passes += given_back() > before;
    }
    return passes;
}

ISOLATED(by_default_passes_end_when_they_cost_more_than_they_may)
{
    front_free(front_malloc(1)); /* there is a heap */
    thrift_began_ms = 0;
    size_t young = passes_of_a_heap_that_breathes(RUN_MAX_BYTES);
    EXPECT(young > 0 && young < 36);
    EXPECT(passes_of_a_heap_that_breathes(RUN_MAX_BYTES) == 0);
    be_old(); /* (in the torture build so small a heap has been touched too often by now) */
    EXPECT(HAKMEM_TORTURE || passes_of_a_heap_that_breathes(RUN_MAX_BYTES) > 0);
}

/* Of 1 ms a pass costs some 50 us here, what is touched again after it five times that. */
ISOLATED(by_default_what_is_touched_again_counts)
{
    thrift_began_ms = 0;
    front_free(front_malloc(1)); /* there is a heap */
    size_t passes = passes_of_a_heap_that_breathes(RUN_MAX_BYTES);
    EXPECT(passes > 0 && passes <= (HAKMEM_TORTURE ? 24 : 6));
}

/* But it does again when it has become smaller. */
ISOLATED(by_default_only_smaller_heaps_give_back)
{
    front_free(front_malloc(1)); /* there is a heap */
    void *huge = front_malloc(THRIFT_MOST_BYTES);
    fill(huge, THRIFT_MOST_BYTES, 1);
    EXPECT(!thrift_is_due(0) && !thrift_is_due(THRIFT_RUN_UNITS));
    be_thrifty();
    EXPECT(thrift_is_due(0) && thrift_is_due(THRIFT_RUN_UNITS));
    atomic_store(&options.thrift, THRIFT_AUTO);
    front_free(huge);
    pool_purge(PURGE_ALL);
    make_holes();
    EXPECT(atomic_load(&thrift_marks[THRIFT_GROWTH_SLABS]) < THRIFT_MOST_BYTES / 2);
    EXPECT(atomic_load(&thrift_marks[THRIFT_GROWTH_RUNS]) < THRIFT_MOST_BYTES / 2);
}

/* What lies on pages in use no pass gives back. */
ISOLATED(by_default_slabs_have_none_given_back_for_what_is_stuck)
{
    be_old();
    for (size_t i = 0; i < BLOCKS; i++)
        fill(blocks[i] = front_malloc(BLOCK_BYTES), BLOCK_BYTES, i);
    for (size_t i = 0; i < BLOCKS; i++)
        if (i % 2)
            front_free(blocks[i]);
    thrift_note_growth(tls_real, 0);
    lower_all_marks();
    size_t passes = atomic_load(&vm_calls.madvise);
    EXPECT(thrift_note_growth(tls_real, 0) == 0 && atomic_load(&vm_calls.madvise) == passes);
    EXPECT(thrift_used_marks[THRIFT_GROWTH_SLABS] == 0); /* and no pass was made */
}

/* One block each of many classes. */
static void refill_caches(void)
{
    for (size_t bytes = 16; bytes <= 4096; bytes *= 2)
        fill(front_malloc(bytes), bytes, 1);
}

ISOLATED(by_default_slabs_have_memory_given_back_where_a_quarter_is_free)
{
    be_old();
    fill_and_free(5, 16);
    lower_all_marks();
    EXPECT(given_back() == 0);
    refill_caches();
    EXPECT(given_back() > 0);
    unit_validate();
}

ISOLATED(by_default_slabs_have_none_given_back_where_less_is)
{
    be_old();
    fill_and_free(3, 16);
    lower_all_marks();
    refill_caches();
    EXPECT(given_back() == 0);
    unit_validate();
}

/* Nobody lowered its mark. */
ISOLATED(by_default_slabs_have_memory_given_back_from_8_mib_on)
{
    enum { MORE = 3 * 1024, MORE_BYTES = 1024 };
    be_old();
    fill_and_free(3, 4); /* most of each slab */
    for (size_t i = 0; i < MORE; i++)
        fill(front_malloc(MORE_BYTES), MORE_BYTES, i);
    EXPECT(given_back() > 0);
    unit_validate();
}

/* 44 MiB of blocks, of which so many rows of every so many are free again. */
static void fill_many_and_free(size_t free_rows, size_t of_rows)
{
    enum { MANY = 88 * 1024 };
    static void *many[MANY];
    for (size_t i = 0; i < MANY; i++)
        fill(many[i] = front_malloc(BLOCK_BYTES), BLOCK_BYTES, i);
    for (size_t i = 0; i < MANY; i++)
        if (i / ROW % of_rows < free_rows)
            front_free(many[i]);
}

/* What slabs touch as they grow is not touched again. */
ISOLATED(by_default_a_heap_that_grew_by_slabs_gives_back)
{
    be_old();
    fill_many_and_free(3, 10);
    EXPECT(thrift_note_growth(tls_real, THRIFT_RUN_UNITS) > 0);
}

/* In a large heap 2 MiB are enough, however small a share that is. */
ISOLATED(by_default_slabs_have_memory_given_back_where_much_is_free)
{
    be_old();
    fill_many_and_free(1, 40);
    lower_all_marks();
    EXPECT(HAKMEM_TORTURE || thrift_note_growth(tls_real, 0) == 0);
    fill_many_and_free(1, 16);
    lower_all_marks();
    EXPECT(thrift_note_growth(tls_real, 0) > 0);
}

/* What all passes may cost at first is used up, and then the heap grows. */
static void spend_and_grow(void)
{
    thrift_began_ms = 0;
    front_free(front_malloc(1)); /* there is a heap */
    while (passes_of_a_heap_that_breathes(RUN_MAX_BYTES) > 0) {
    }
    pool_purge(PURGE_ALL);
    fill_many_and_free(3, 10);
    lower_all_marks();
}

ISOLATED(by_default_growth_pays_for_passes)
{
    spend_and_grow();
    EXPECT(thrift_note_growth(tls_real, THRIFT_RUN_UNITS) > 0);
    size_t passes = passes_of_a_heap_that_breathes(RUN_MAX_BYTES);
    EXPECT(passes > 0 && passes < 60);
}

ISOLATED(by_default_growth_pays_for_no_pass_in_a_realloc)
{
    spend_and_grow();
    tls_real->moves = true;
    /* (in the torture build passes end by what they touch, before they have cost so much) */
    EXPECT(HAKMEM_TORTURE || thrift_note_growth(tls_real, THRIFT_RUN_UNITS) == 0);
    size_t resident = pool_resident_bytes(), next = atomic_load(&thrift_marks[THRIFT_GROWTH_RUNS]);
    EXPECT(HAKMEM_TORTURE || (next > resident && next < resident + SUPERSLAB_BYTES)); /* it looked */
    tls_real->moves = false;
    EXPECT(HAKMEM_TORTURE || thrift_note_growth(tls_real, THRIFT_RUN_UNITS) > 0);
}

ISOLATED(by_default_runs_have_memory_given_back_in_a_realloc)
{
    be_old();
    void *block = front_malloc(SLAB_MAX_BYTES);
    make_holes();
    lower_all_marks();
    EXPECT(given_back() == 0);
    fill(front_realloc(block, LARGE_BYTES), LARGE_BYTES, 1);
    EXPECT(given_back() > 0);
    expect_live_blocks();
}

/* A block that grows from slab to slab. */
static void grow_by_realloc(void *block)
{
    for (size_t bytes = 256; bytes <= 16384; bytes *= 4)
        fill(block = front_realloc(block, bytes), bytes, 1);
}

/* What is moved leaves room behind at once. */
ISOLATED(by_default_slabs_have_less_given_back_in_a_realloc)
{
    be_old();
    fill_and_free(5, 16);
    void *block = front_malloc(64);
    lower_all_marks();
    grow_by_realloc(block);
    EXPECT(given_back() == 0);
    lower_all_marks();
    refill_caches();
    EXPECT(given_back() > 0);
    unit_validate();
}

ISOLATED(by_default_slabs_have_memory_given_back_in_a_realloc_where_most_is_free)
{
    be_old();
    void *block = front_malloc(64);
    fill_and_free(13, 16);
    lower_all_marks();
    EXPECT(given_back() == 0);
    grow_by_realloc(block);
    EXPECT(given_back() > 0);
    unit_validate();
}

static void *free_rows_and_note_growth(void *given)
{
    fill_and_free(1, 2);
    lower_all_marks();
    *(size_t *)given = thrift_note_growth(tls_real, 0);
    return NULL;
}

/* What lies on another heap's pages in use is none of its own. */
ISOLATED(by_default_what_is_stuck_in_one_heap_keeps_no_other_from_a_pass)
{
    enum { MANY = 64 * 1024 };
    static void *many[MANY];
    size_t given = 0;
    atomic_store(&options.scavenger, 0); /* which so much free memory starts, and then has the lock */
    be_old();
    for (size_t i = 0; i < MANY; i++)
        fill(many[i] = front_malloc(BLOCK_BYTES), BLOCK_BYTES, i);
    for (size_t i = 0; i < MANY; i += 2)
        front_free(many[i]);
    lower_all_marks();
    thrift_note_growth(tls_real, 0);
    EXPECT(tls_real->stuck_bytes > MANY / 4 * BLOCK_BYTES);
    EXPECT(pthread_join(unit_thread(free_rows_and_note_growth, &given), NULL) == 0 && given > 0);
}

/* Of 7 MiB of holes and 8 of free units, no two of which follow each other. */
static size_t given_back_by_one_pass(size_t units)
{
    enum { MANY = 256 };
    static void *runs[MANY];
    be_old();
    for (size_t i = 0; i < MANY; i++)
        fill(runs[i] = front_malloc(UNIT_BYTES), UNIT_BYTES, i);
    fill_and_free(7, 8);
    for (size_t i = 0; i < MANY; i += 2)
        front_free(runs[i]);
    lower_all_marks();
    return thrift_note_growth(tls_real, units);
}

ISOLATED(by_default_a_pass_before_runs_is_short)
{
    size_t bytes = given_back_by_one_pass(THRIFT_RUN_UNITS);
    EXPECT(bytes > 0 && bytes <= (6 << 20) + SUPERSLAB_BYTES);
}

ISOLATED(by_default_a_pass_before_slabs_is_short)
{
    size_t bytes = given_back_by_one_pass(0);
    EXPECT(HAKMEM_TORTURE || (bytes > 0 && bytes <= (6 << 20) + SUPERSLAB_BYTES));
}

static void *huge_of(size_t superslabs)
{
    void *huge = front_malloc(superslabs * SUPERSLAB_BYTES);
    fill(huge, superslabs * SUPERSLAB_BYTES, 1);
    return huge;
}

/* Part of it would not serve the next huge block. */
ISOLATED(by_default_slabs_have_a_small_lru_given_back_as_a_whole)
{
    be_old();
    fill_and_free(3, 4); /* most of each slab */
    front_free(huge_of(3));
    lower_all_marks();
    struct pool_stats stats;
    refill_caches();
    pool_stats_read(&stats);
    EXPECT(stats.lru_evictions >= 3 && stats.warm == 0);
}

ISOLATED(by_default_slabs_leave_a_large_lru_to_huge_blocks)
{
    enum { LRU_BYTES = 12 * 1024 * 1024 };
    be_old();
    fill_and_free(3, 16);
    front_free(huge_of(LRU_BYTES / SUPERSLAB_BYTES));
    lower_all_marks();
    refill_caches();
    EXPECT(HAKMEM_TORTURE || given_back() == 0); /* its LRU is never so large */
}

/* Nor does a large LRU, which stays, count as what a pass could not give back. */
ISOLATED(by_default_slabs_have_memory_given_back_beside_a_large_lru)
{
    enum { LRU_BYTES = 10 * 1024 * 1024 };
    be_old();
    fill_and_free(11, 16);
    front_free(huge_of(LRU_BYTES / SUPERSLAB_BYTES));
    lower_all_marks();
    EXPECT(HAKMEM_TORTURE || thrift_note_growth(tls_real, 0) > 0);
    struct pool_stats stats;
    pool_stats_read(&stats);
    EXPECT(HAKMEM_TORTURE || stats.warm >= LRU_BYTES / SUPERSLAB_BYTES);
    fill_and_free(13, 16);
    lower_all_marks();
    EXPECT(HAKMEM_TORTURE || thrift_note_growth(tls_real, 0) > 0);
    unit_validate();
}

/* Slabs that have nothing given back do not keep runs from it. */
ISOLATED(by_default_slabs_and_runs_have_marks_of_their_own)
{
    be_old();
    fill_and_free(3, 16);
    lower_all_marks();
    EXPECT(thrift_note_growth(tls_real, 0) == 0 && !thrift_is_due(0));
    EXPECT(thrift_is_due(THRIFT_RUN_UNITS) && thrift_note_growth(tls_real, THRIFT_RUN_UNITS) > 0);
}

/* Heaps below 8 MiB are too small. */
ISOLATED(by_default_only_larger_heaps_give_back)
{
    enum { SMALL_BYTES = HAKMEM_TORTURE ? 1 : 6 * 1024 * 1024 };
    fill(front_malloc(SMALL_BYTES), SMALL_BYTES, 1);
    EXPECT(!thrift_is_due(0) && (HAKMEM_TORTURE || !thrift_is_due(THRIFT_RUN_UNITS)));
    be_thrifty();
    EXPECT(HAKMEM_TORTURE || (thrift_is_due(0) && thrift_is_due(THRIFT_RUN_UNITS)));
}

/* Use grows by a twelfth between two passes. */
ISOLATED(by_default_passes_are_far_apart)
{
    be_old();
    fill_and_free(6, 16);
    size_t used = pool_resident_bytes() - registry_cached_bytes(tls_real);
    EXPECT(thrift_note_growth(tls_real, THRIFT_RUN_UNITS) > 0);
    EXPECT(thrift_used_marks[THRIFT_GROWTH_RUNS] >= used + used / 12);
    for (size_t i = 0; i < BLOCKS; i++)
        if (i / ROW % 16 >= 6 && i / ROW % 16 < 12)
            front_free(blocks[i]);
    EXPECT(thrift_note_growth(tls_real, THRIFT_RUN_UNITS) == 0);
    thrift_used_marks[THRIFT_GROWTH_RUNS] = used / 4;
    EXPECT(thrift_note_growth(tls_real, THRIFT_RUN_UNITS) > 0);
}

/* But the next look comes where use may have grown so much, whoever made the pass. */
ISOLATED(by_default_looks_are_near_each_other)
{
    be_old();
    fill_and_free(3, 16);
    for (int units = 0; units <= THRIFT_RUN_UNITS; units += THRIFT_RUN_UNITS) {
        enum thrift_growth growth = thrift_growth_of((size_t)units);
        size_t resident = pool_resident_bytes() + (size_t)units * UNIT_BYTES;
        thrift_used_marks[growth] = resident;
        EXPECT(thrift_note_growth(tls_real, (size_t)units) == 0);
        size_t ahead = atomic_load(&thrift_marks[growth]) - resident;
        EXPECT(ahead >= (HAKMEM_TORTURE ? 32 : 128) * 1024 && ahead <= resident / 24);
    }
    atomic_store(&thrift_marks[THRIFT_GROWTH_SLABS], SIZE_MAX);
    thrift_used_marks[THRIFT_GROWTH_SLABS] = thrift_used_marks[THRIFT_GROWTH_RUNS] = 0;
    EXPECT(thrift_note_growth(tls_real, THRIFT_RUN_UNITS) > 0);
    EXPECT(atomic_load(&thrift_marks[THRIFT_GROWTH_SLABS]) < 2 * pool_resident_bytes());
}

/* Where no pass may be made for what they cost, looks are as far apart as passes. */
ISOLATED(by_default_looks_that_earn_nothing_are_far_apart)
{
    thrift_began_ms = 0;
    fill_and_free(3, 16);
    while (passes_of_a_heap_that_breathes(RUN_MAX_BYTES) > 0) {
    }
    size_t resident = pool_resident_bytes();
    thrift_note_growth(tls_real, 0);
    EXPECT(HAKMEM_TORTURE || atomic_load(&thrift_marks[THRIFT_GROWTH_SLABS]) >= resident + resident / 13);
}

/* What lies in caches was hardly ever touched. */
ISOLATED(by_default_slabs_have_none_given_back_that_is_cached_alone)
{
    enum { CACHED = 4, LEAST_CACHED_BYTES = 1024, MOST_CACHED_BYTES = 8192 };
    be_old();
    for (size_t bytes = LEAST_CACHED_BYTES; bytes <= MOST_CACHED_BYTES; bytes += LEAST_CACHED_BYTES) {
        void *cached[CACHED];
        for (int i = 0; i < CACHED; i++)
            fill(cached[i] = front_malloc(bytes), bytes, 1);
        for (int i = 0; i < CACHED; i++)
            front_free(cached[i]);
    }
    size_t resident = pool_resident_bytes(), in_caches = registry_cached_bytes(tls_real);
    lower_all_marks();
    EXPECT(HAKMEM_TORTURE || in_caches > resident / 4);
    EXPECT(HAKMEM_TORTURE || thrift_note_growth(tls_real, 0) == 0);
    EXPECT(thrift_note_growth(tls_real, THRIFT_RUN_UNITS) > 0);
}

/* It pays for its own passes, out of its own time. */
ISOLATED(by_default_a_child_of_a_fork_begins_anew)
{
    front_free(front_malloc(1));
    thrift_began_ms = 0;
    EXPECT(passes_of_a_heap_that_breathes(RUN_MAX_BYTES) > 0);
    EXPECT(passes_of_a_heap_that_breathes(RUN_MAX_BYTES) == 0);
    be_old();
    pid_t child = fork();
    if (child == 0) {
        bool is_young = thrift_began_ms > 1;
        thrift_began_ms = 0;
        _exit(is_young && passes_of_a_heap_that_breathes(RUN_MAX_BYTES) > 0 ? 0 : 1);
    }
    int status;
    EXPECT(waitpid(child, &status, 0) == child && status == 0);
}

/* Many places at once are given back in one call (process_madvise), but for programs that did not ask. */
ISOLATED(by_default_holes_go_one_by_one)
{
    vm_allow_batches();
    be_old();
    make_holes();
    size_t before = atomic_load(&vm_calls.madvise);
    thrift_note_growth(tls_real, THRIFT_RUN_UNITS);
    EXPECT(atomic_load(&vm_calls.madvise) - before >= 128);
}

/* ---- histories */

/* A pass before whatever leaves the fast path. */
ISOLATED(passes_amid_random_histories_lose_nothing)
{
    enum { SLOTS = 512, STEPS = 20000 };
    be_thrifty();
    uint64_t random = unit_random(1);
    static struct {
        void *block;
        size_t bytes;
    } slot[SLOTS];
    for (size_t i = 0; i < STEPS; i++) {
        size_t at = random_below(&random, SLOTS);
        EXPECT(block_holds(slot[at].block, slot[at].bytes, at));
        front_free(slot[at].block);
        slot[at].bytes = random_below(&random, random_below(&random, 64) ? 4096 : 4 * UNIT_BYTES);
        fill(slot[at].block = front_malloc(slot[at].bytes), slot[at].bytes, at);
        lower_marks();
    }
    EXPECT(given_back() > 0);
    unit_validate();
}

static void *allocate_for_long(void *seed)
{
    uint64_t random = unit_random((uintptr_t)seed);
    void *slot[256] = {NULL};
    for (size_t i = 0; i < 20000; i++) {
        void **at = &slot[random_below(&random, 256)];
        front_free(*at);
        fill(*at = front_malloc(random_below(&random, 8192)), 1, 1);
        if (i % 64 == 0)
            lower_marks();
    }
    for (size_t i = 0; i < 256; i++)
        front_free(slot[i]);
    return NULL;
}

ISOLATED(threads_make_passes_side_by_side)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    be_thrifty();
    front_free(front_malloc(1)); /* there is a region */
    for (uintptr_t i = 0; i < THREADS; i++)
        threads[i] = unit_thread(allocate_for_long, (void *)(i + 2));
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_join(threads[i], NULL) == 0);
    unit_validate();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_heap_with_free_pages_gives_them_back_before_it_grows),
    cmocka_unit_test(a_heap_without_free_memory_gives_nothing_back),
    cmocka_unit_test(nothing_is_given_back_while_used_memory_can_serve),
    cmocka_unit_test(passes_are_numbered),
    cmocka_unit_test(passes_end_that_earn_nothing),
    cmocka_unit_test(there_is_no_pass_while_somebody_else_makes_one),
    cmocka_unit_test(with_never_there_is_none),
    cmocka_unit_test(no_handler_makes_one),
    cmocka_unit_test(by_default_runs_have_memory_given_back_where_less_is_free),
    cmocka_unit_test(by_default_a_pass_is_short),
    cmocka_unit_test(by_default_passes_end_when_they_cost_more_than_they_may),
    cmocka_unit_test(by_default_what_is_touched_again_counts),
    cmocka_unit_test(by_default_only_smaller_heaps_give_back),
    cmocka_unit_test(by_default_only_larger_heaps_give_back),
    cmocka_unit_test(by_default_slabs_have_none_given_back_for_what_is_stuck),
    cmocka_unit_test(by_default_passes_are_far_apart),
    cmocka_unit_test(by_default_looks_are_near_each_other),
    cmocka_unit_test(by_default_looks_that_earn_nothing_are_far_apart),
    cmocka_unit_test(by_default_slabs_have_none_given_back_that_is_cached_alone),
    cmocka_unit_test(by_default_slabs_have_memory_given_back_where_a_quarter_is_free),
    cmocka_unit_test(by_default_slabs_have_memory_given_back_from_8_mib_on),
    cmocka_unit_test(by_default_a_heap_that_grew_by_slabs_gives_back),
    cmocka_unit_test(by_default_slabs_have_memory_given_back_where_much_is_free),
    cmocka_unit_test(by_default_growth_pays_for_passes),
    cmocka_unit_test(by_default_growth_pays_for_no_pass_in_a_realloc),
    cmocka_unit_test(by_default_runs_have_memory_given_back_in_a_realloc),
    cmocka_unit_test(by_default_slabs_have_less_given_back_in_a_realloc),
    cmocka_unit_test(by_default_slabs_have_memory_given_back_in_a_realloc_where_most_is_free),
    cmocka_unit_test(by_default_what_is_stuck_in_one_heap_keeps_no_other_from_a_pass),
    cmocka_unit_test(by_default_a_pass_before_runs_is_short),
    cmocka_unit_test(by_default_a_pass_before_slabs_is_short),
    cmocka_unit_test(by_default_slabs_have_a_small_lru_given_back_as_a_whole),
    cmocka_unit_test(by_default_slabs_leave_a_large_lru_to_huge_blocks),
    cmocka_unit_test(by_default_slabs_have_memory_given_back_beside_a_large_lru),
    cmocka_unit_test(by_default_slabs_have_none_given_back_where_less_is),
    cmocka_unit_test(by_default_slabs_and_runs_have_marks_of_their_own),
    cmocka_unit_test(by_default_a_child_of_a_fork_begins_anew),
    cmocka_unit_test(by_default_holes_go_one_by_one),
    cmocka_unit_test(passes_amid_random_histories_lose_nothing),
    cmocka_unit_test(threads_make_passes_side_by_side),
};

UNIT_MAIN(tests)
