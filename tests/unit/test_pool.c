/* The pool: units and spans against a model of which units are out; the LRU's limits and counters. */
#include "unit/unit.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bits.h"
#include "os/clock.h"
#include "os/lock.h"
#include "os/vm.h"
#include "pool/pool.h"
#include "pool/superslab.h"

enum {
    UNITS_MAX = 1 << 15,
    HOLDINGS_MAX = 300,
    STEPS = UNIT_SANITIZED ? 6000 : 30000,
    VALIDATE_EVERY = 10,
    MARK_STRIDE_BYTES = 8192,
    SPAN_MAX_SUPERSLABS = 6,
};

/* A run or a huge block that the test holds; count 0: an empty slot. */
struct holding {
    size_t unit, count;
    bool is_span;
};

static struct {
    struct holding held[HOLDINGS_MAX];
    bool out[UNITS_MAX];
    size_t units_taken; /* by pool_take_units and _at, ever */
    uint64_t random;
} model;

static struct pool_stats stats_now(void)
{
    struct pool_stats stats;
    pool_stats_read(&stats);
    return stats;
}

static void wait_ms(uint64_t ms)
{
    for (uint64_t end = clock_coarse_ms() + ms; clock_coarse_ms() <= end;)
        usleep(1000);
}

static void set_limit(uint32_t superslabs)
{
    atomic_store(&options.ss_lru_size, superslabs);
}

/* ---- holding units */

/* Memory that is called clean must read as zero; what is given back holds marks: their addresses. */
static void expect_zero(size_t unit, size_t count)
{
    for (uintptr_t at = region_unit_address(unit); at < region_unit_address(unit + count);
         at += MARK_STRIDE_BYTES)
        EXPECT(*(uintptr_t *)at == 0);
}

static void write_marks(size_t unit, size_t count)
{
    for (uintptr_t at = region_unit_address(unit); at < region_unit_address(unit + count);
         at += MARK_STRIDE_BYTES)
        *(uintptr_t *)at = at;
}

static void expect_marks(size_t unit, size_t count)
{
    for (uintptr_t at = region_unit_address(unit); at < region_unit_address(unit + count);
         at += MARK_STRIDE_BYTES)
        EXPECT(*(uintptr_t *)at == at);
}

static void set_out(size_t unit, size_t count, bool out, bool is_span)
{
    EXPECT(unit + count <= region_units() && unit + count <= UNITS_MAX);
    for (size_t i = unit; i < unit + count; i++) {
        EXPECT(model.out[i] != out);
        model.out[i] = out;
        EXPECT(region_tag(i) == TAG_NONE || !out);
        if (!is_span)
            region_tag_set(i, out ? (uint32_t)(TAG_RUN + 1) : TAG_NONE);
    }
}

/* ---- what the model knows of SuperSlabs */

static size_t free_units_of(size_t number)
{
    size_t n = 0;
    for (size_t i = 0; i < SUPERSLAB_UNITS; i++)
        n += !model.out[(number << SUPERSLAB_UNITS_LOG2) + i];
    return n;
}

/* The fewest free units that a shared SuperSlab of this use with room for one has; 0 when none has any. */
static size_t fewest_free_of(enum superslab_use use)
{
    size_t fewest = 0;
    for (size_t i = 0; i < superslab_count(); i++) {
        bool of_use = superslab_at(i)->kind == SUPERSLAB_SHARED && superslab_at(i)->use == use;
        size_t free_units = of_use ? free_units_of(i) : 0;
        if (free_units && (!fewest || free_units < fewest))
            fewest = free_units;
    }
    return fewest;
}

/* Those of the other use come after those of this one. */
static size_t fewest_free(enum superslab_use use)
{
    size_t fewest = fewest_free_of(use);
    return fewest ? fewest : fewest_free_of(!use);
}

static bool has_warm(void)
{
    struct pool_stats stats;
    pool_stats_read(&stats);
    return stats.warm > 0;
}

/* ---- steps */

static void take_units(struct holding *into)
{
    size_t count = 1 + (random_below(&model.random, 2) ? random_below(&model.random, RUN_MAX_UNITS) : 0);
    size_t align = (size_t)1 << (random_below(&model.random, 4) ? 0 : random_below(&model.random, 3));
    enum superslab_use use = random_below(&model.random, 2) ? SUPERSLAB_SLABS : SUPERSLAB_RUNS;
    size_t fewest = count == 1 && align == 1 ? fewest_free(use) : 0;
    bool clean, any_warm = has_warm();
    size_t unit = pool_take_units(use, count, align, &clean);
    EXPECT(unit != POOL_NO_UNIT);
    EXPECT(region_unit_address(unit) % (align * UNIT_BYTES) == 0);
    EXPECT(unit % SUPERSLAB_UNITS + count <= SUPERSLAB_UNITS);
    if (fewest && clean) /* others go before it */
        EXPECT(!any_warm && free_units_of(unit >> SUPERSLAB_UNITS_LOG2) == fewest);
    set_out(unit, count, true, false);
    if (clean)
        expect_zero(unit, count);
    write_marks(unit, count);
    *into = (struct holding){unit, count, false};
    model.units_taken += count;
}

static void give_units(struct holding *holding)
{
    expect_marks(holding->unit, holding->count);
    set_out(holding->unit, holding->count, false, false);
    pool_give_units(holding->unit, holding->count);
    holding->count = 0;
}

/* Growth in place works exactly when the units behind are free, in the same SuperSlab. */
static void take_units_at(struct holding *holding)
{
    size_t behind = holding->unit + holding->count, more = 1 + random_below(&model.random, 3);
    bool expected = behind % SUPERSLAB_UNITS != 0 && behind % SUPERSLAB_UNITS + more <= SUPERSLAB_UNITS;
    for (size_t i = 0; expected && i < more; i++)
        expected = !model.out[behind + i];
    EXPECT(pool_take_units_at(behind, more) == expected);
    if (!expected)
        return;
    set_out(behind, more, true, false);
    holding->count += more;
    write_marks(holding->unit, holding->count);
    model.units_taken += more;
}

/* A run's end goes back, as when realloc shrinks it. */
static void give_end(struct holding *holding)
{
    size_t keep = random_below(&model.random, holding->count);
    if (!keep)
        return;
    set_out(holding->unit + keep, holding->count - keep, false, false);
    pool_give_units(holding->unit + keep, holding->count - keep);
    expect_marks(holding->unit, keep);
    holding->count = keep;
}

static struct span span_of(const struct holding *holding)
{
    return (struct span){holding->unit >> SUPERSLAB_UNITS_LOG2, holding->count >> SUPERSLAB_UNITS_LOG2};
}

static void expect_huge(const struct holding *holding)
{
    struct span span = span_of(holding);
    for (size_t i = 0; i < span.count; i++) {
        struct span found = pool_huge_span(span.first + i);
        EXPECT(found.first == span.first && found.count == span.count);
    }
}

static void take_span(struct holding *into)
{
    size_t count = 1 + random_below(&model.random, SPAN_MAX_SUPERSLABS);
    size_t align = (size_t)1 << (random_below(&model.random, 3) ? 0 : random_below(&model.random, 3));
    bool clean;
    struct span span = pool_take_span(count, align, &clean);
    EXPECT(span.count == count);
    EXPECT(superslab_address(span.first) % (align << SUPERSLAB_LOG2) == 0);
    *into = (struct holding){span.first << SUPERSLAB_UNITS_LOG2, count << SUPERSLAB_UNITS_LOG2, true};
    set_out(into->unit, into->count, true, true);
    if (clean)
        expect_zero(into->unit, into->count);
    write_marks(into->unit, into->count);
    expect_huge(into);
}

static void give_span(struct holding *holding)
{
    expect_marks(holding->unit, holding->count);
    set_out(holding->unit, holding->count, false, true);
    pool_give_span(span_of(holding));
    holding->count = 0;
}

static void extend_span(struct holding *holding)
{
    struct span span = span_of(holding);
    size_t count = span.count + 1 + random_below(&model.random, 3);
    size_t before = holding->count;
    bool extended = pool_extend_span(&span, count);
    EXPECT(span.first == holding->unit >> SUPERSLAB_UNITS_LOG2);
    EXPECT(span.count << SUPERSLAB_UNITS_LOG2 == (extended ? count << SUPERSLAB_UNITS_LOG2 : before));
    holding->count = span.count << SUPERSLAB_UNITS_LOG2;
    set_out(holding->unit + before, holding->count - before, true, true);
    expect_marks(holding->unit, before);
    write_marks(holding->unit, holding->count);
    expect_huge(holding);
}

static void shrink_span(struct holding *holding)
{
    struct span span = span_of(holding);
    size_t count = random_below(&model.random, span.count);
    if (!count)
        return;
    pool_shrink_span(&span, count);
    size_t kept = count << SUPERSLAB_UNITS_LOG2;
    EXPECT(span.count == count);
    set_out(holding->unit + kept, holding->count - kept, false, true);
    holding->count = kept;
    expect_marks(holding->unit, holding->count);
    expect_huge(holding);
}

static void step(void)
{
    struct holding *holding = &model.held[random_below(&model.random, HOLDINGS_MAX)];
    size_t kind = random_below(&model.random, 16);
    if (!holding->count) {
        if (kind < 4 && random_below(&model.random, HOLDINGS_MAX) < 60)
            take_span(holding);
        else if (kind >= 4)
            take_units(holding);
    } else if (holding->is_span) {
        (kind < 4 ? extend_span : kind < 7 ? shrink_span : give_span)(holding);
    } else {
        (kind < 4 ? take_units_at : kind < 7 ? give_end : give_units)(holding);
    }
}

static void verify(void)
{
    pool_validate();
    struct pool_stats stats = stats_now();
    EXPECT(stats.mapped == stats.shared + stats.huge + stats.warm + stats.cold);
    EXPECT(stats.dirty_hits + stats.clean == model.units_taken);
    EXPECT(stats.warm <= options.ss_lru_size);
}

static void give_all(void)
{
    for (int i = 0; i < HOLDINGS_MAX; i++)
        if (model.held[i].count)
            (model.held[i].is_span ? give_span : give_units)(&model.held[i]);
}

/* Everything is back: one cold row of SuperSlabs, and after a purge it reads as zero. */
static void verify_all_free(void)
{
    struct pool_stats stats = stats_now();
    EXPECT(stats.shared == 0 && stats.huge == 0 && stats.free_dirty_units == 0);
    pool_purge(PURGE_ALL);
    stats = stats_now();
    EXPECT(stats.warm == 0 && stats.cold == stats.mapped);
    expect_zero(0, region_units());
}

static void run_history(size_t steps)
{
    for (size_t i = 0; i < steps; i++) {
        step();
        if (random_below(&model.random, 500) == 0)
            pool_purge((enum pool_purge)random_below(&model.random, 3));
        if (i % VALIDATE_EVERY == 0)
            verify();
    }
}

ISOLATED(histories_agree_with_the_model)
{
    EXPECT(region_claim());
    model.random = unit_random(1);
    set_limit(HAKMEM_TORTURE ? 4 : 16);
    for (int round = 0; round < 3; round++) {
        run_history(STEPS / 3);
        give_all();
        verify();
        verify_all_free();
    }
}

/* ---- the choice of units */

static size_t take_one(void)
{
    bool clean;
    size_t unit = pool_take_units(SUPERSLAB_SLABS, 1, 1, &clean);
    EXPECT(unit != POOL_NO_UNIT);
    return unit;
}

ISOLATED(units_come_lowest_first)
{
    EXPECT(region_claim());
    size_t first = take_one();
    EXPECT(first % SUPERSLAB_UNITS == 0);
    for (size_t i = 1; i < 3 * SUPERSLAB_UNITS; i++)
        EXPECT(take_one() == first + i);
}

ISOLATED(units_used_before_come_first)
{
    EXPECT(region_claim());
    size_t first = take_one();
    bool clean;
    EXPECT(take_one() == first + 1 && take_one() == first + 2);
    pool_give_units(first, 1);
    pool_purge(PURGE_ALL);
    pool_give_units(first + 1, 1);
    EXPECT(pool_take_units(SUPERSLAB_SLABS, 1, 1, &clean) == first + 1);
    EXPECT(!clean); /* though a clean one lies below */
    EXPECT(pool_take_units(SUPERSLAB_SLABS, 1, 1, &clean) == first && clean);
    EXPECT(stats_now().dirty_hits == 1 && stats_now().clean == 4);
}

ISOLATED(units_used_before_can_be_asked_for_alone)
{
    EXPECT(region_claim());
    EXPECT(pool_take_used_units(SUPERSLAB_SLABS, 1, 1) == POOL_NO_UNIT);
    size_t first = take_one();
    EXPECT(pool_take_used_units(SUPERSLAB_SLABS, 1, 1) == POOL_NO_UNIT);
    pool_give_units(first, 1);
    take_one();
    pool_give_units(first, 1);
    EXPECT(pool_take_used_units(SUPERSLAB_SLABS, 2, 1) == POOL_NO_UNIT);
    EXPECT(pool_take_used_units(SUPERSLAB_SLABS, 1, 1) == first);
    EXPECT(pool_take_used_units(SUPERSLAB_SLABS, 1, 1) == POOL_NO_UNIT);
    pool_validate();
}

static size_t take_run(size_t count)
{
    bool clean;
    size_t unit = pool_take_units(SUPERSLAB_RUNS, count, 1, &clean);
    EXPECT(unit != POOL_NO_UNIT);
    return unit;
}

static bool are_together(size_t a, size_t b)
{
    return a >> SUPERSLAB_UNITS_LOG2 == b >> SUPERSLAB_UNITS_LOG2;
}

/* A small heap has one SuperSlab for all; what comes when it is full has one of its own. */
ISOLATED(runs_and_slabs_keep_apart)
{
    EXPECT(region_claim());
    size_t slab = take_one();
    EXPECT(are_together(slab, take_run(1)));
    for (size_t i = 2; i < SUPERSLAB_UNITS; i++)
        EXPECT(are_together(slab, take_run(1)));
    size_t run = take_run(1), other_slab;
    EXPECT(!are_together(slab, run));
    for (size_t i = 1; i < SUPERSLAB_UNITS - 1; i++)
        EXPECT(are_together(run, take_run(1)));
    pool_give_units(slab, 1);
    EXPECT(take_run(1) == run + SUPERSLAB_UNITS - 1); /* new memory there, before used memory among slabs */
    EXPECT(take_run(1) == slab);                      /* which comes before another SuperSlab */
    other_slab = take_one();
    EXPECT(!are_together(other_slab, slab) && !are_together(other_slab, run));
    pool_give_units(run, 1);
    EXPECT(are_together(take_one(), other_slab) && take_run(1) == run);
    pool_validate();
}

/* Of SuperSlabs with 1, 2 and 3 free units that with 1 gives first, and so on. */
ISOLATED(the_fullest_superslab_gives_first)
{
    EXPECT(region_claim());
    size_t first = take_one();
    for (size_t i = 1; i < 3 * SUPERSLAB_UNITS; i++)
        take_one();
    size_t a = first, b = a + SUPERSLAB_UNITS, c = b + SUPERSLAB_UNITS;
    pool_give_units(b, 3);
    pool_give_units(c, 1);
    pool_give_units(a, 2);
    EXPECT(take_one() == c);
    EXPECT(take_one() == a && take_one() == a + 1);
    EXPECT(take_one() == b && take_one() == b + 1 && take_one() == b + 2);
    EXPECT(take_one() == c + SUPERSLAB_UNITS);
}

/* All units of a SuperSlab but `left`, taken and given back, beside one that has never used units and is
 * fuller. Returns a unit of the first. */
static size_t use_and_give_back(size_t left)
{
    size_t first = take_one();
    while (first % SUPERSLAB_UNITS != 0)
        first = take_one();
    for (size_t i = 1; i < SUPERSLAB_UNITS; i++)
        EXPECT(take_one() == first + i);
    for (size_t i = 0; i < left + 1; i++)
        EXPECT(take_one() / SUPERSLAB_UNITS != first / SUPERSLAB_UNITS);
    for (size_t i = left; i < SUPERSLAB_UNITS; i++)
        pool_give_units(first + i, 1);
    return first;
}

ISOLATED(units_used_before_come_before_those_of_a_fuller_superslab)
{
    EXPECT(region_claim());
    size_t first = use_and_give_back(1);
    EXPECT(take_one() == first + 1);
    pool_validate();
}

ISOLATED(units_of_the_lru_come_before_some_that_were_never_used)
{
    EXPECT(region_claim());
    set_limit(4);
    size_t first = use_and_give_back(0);
    EXPECT(stats_now().warm == 1);
    EXPECT(take_one() == first && stats_now().warm == 0);
    pool_validate();
}

ISOLATED(growth_in_place_stops_at_the_end_of_a_superslab)
{
    bool clean;
    EXPECT(region_claim());
    size_t unit = pool_take_units(SUPERSLAB_SLABS, SUPERSLAB_UNITS - 1, 1, &clean);
    EXPECT(!pool_take_units_at(unit + SUPERSLAB_UNITS - 1, 2));
    EXPECT(pool_take_units_at(unit + SUPERSLAB_UNITS - 1, 1));
    EXPECT(!pool_take_units_at(unit + SUPERSLAB_UNITS, 1));
}

/* ---- the LRU */

static struct span take_span_of(size_t count)
{
    bool clean;
    struct span span = pool_take_span(count, 1, &clean);
    EXPECT(span.count == count);
    return span;
}

ISOLATED(the_lru_keeps_as_many_as_its_size)
{
    EXPECT(region_claim());
    set_limit(2);
    struct span spans[5], fences[5];
    for (int i = 0; i < 5; i++) {
        spans[i] = take_span_of(1);
        fences[i] = take_span_of(1);
    }
    for (int i = 0; i < 5; i++) {
        write_marks(spans[i].first << SUPERSLAB_UNITS_LOG2, SUPERSLAB_UNITS);
        pool_give_span(spans[i]);
        EXPECT(stats_now().warm == size_min((size_t)i + 1, 2));
    }
    EXPECT(stats_now().lru_evictions == 3);
    for (int i = 0; i < 3; i++) /* the oldest went */
        expect_zero(spans[i].first << SUPERSLAB_UNITS_LOG2, SUPERSLAB_UNITS);
    for (int i = 3; i < 5; i++)
        expect_marks(spans[i].first << SUPERSLAB_UNITS_LOG2, SUPERSLAB_UNITS);
    for (int i = 0; i < 5; i++)
        pool_give_span(fences[i]);
    pool_validate();
}

ISOLATED(an_lru_of_no_size_keeps_nothing)
{
    EXPECT(region_claim());
    set_limit(0);
    pool_give_span(take_span_of(3));
    pool_give_units(take_one(), 1);
    EXPECT(stats_now().warm == 0 && stats_now().lru_evictions == 4);
    EXPECT(stats_now().lru_hits == 0);
}

/* ---- the LRU that keeps as many as were in use */

static void keep_peak(uint32_t limit, uint32_t decay_ms)
{
    EXPECT(region_claim());
    set_limit(limit);
    atomic_store(&options.decay_ms, decay_ms);
    pool_keep_peak(true);
}

/* Takes spans of one, side by side. */
static void take_singles(struct span *spans, int count)
{
    for (int i = 0; i < count; i++)
        spans[i] = take_span_of(1);
}

static void give_singles(const struct span *spans, int count)
{
    for (int i = 0; i < count; i++)
        pool_give_span(spans[i]);
}

static size_t superslabs_that_may_be_resident(void)
{
    return stats_now().dirty_units >> SUPERSLAB_UNITS_LOG2;
}

ISOLATED(the_lru_makes_up_for_the_peak)
{
    struct span spans[12];
    keep_peak(2, 3600000);
    take_singles(spans, 12);
    give_singles(spans, 8);
    EXPECT(stats_now().warm == 8 && stats_now().lru_evictions == 0);
    pool_give_span(take_span_of(9)); /* of these are warm, others new: 13 in use */
    EXPECT(superslabs_that_may_be_resident() <= 4 + 9 + 2);
    give_singles(spans + 8, 4);
    EXPECT(superslabs_that_may_be_resident() <= 4 + 9 + 2);
    EXPECT(stats_now().warm >= 12);
    pool_validate();
}

ISOLATED(the_lru_never_makes_the_heap_larger_than_its_peak)
{
    enum { SPANS = 12, SPAN_MAX = 6, ROUNDS = 3000, LIMIT = 3 };
    struct span spans[SPANS] = {{0, 0}};
    uint64_t random = unit_random(77);
    size_t used = 0, peak = 0, most_warm = 0;
    keep_peak(LIMIT, 3600000);
    for (int i = 0; i < ROUNDS; i++) {
        struct span *span = &spans[random_below(&random, SPANS)];
        if (span->count) {
            pool_give_span(*span);
            used -= span->count;
            span->count = 0;
            EXPECT(superslabs_that_may_be_resident() <= size_max(peak, used + LIMIT));
            most_warm = size_max(most_warm, stats_now().warm);
        } else {
            *span = take_span_of(1 + random_below(&random, SPAN_MAX));
            used += span->count;
            peak = size_max(peak, used);
        }
    }
    EXPECT(most_warm > LIMIT);
    pool_validate();
}

/* What is used in turn stays young, also what is beside it and merely free. */
ISOLATED(a_peak_is_forgotten_after_two_decays)
{
    enum { DECAY_MS = 200 };
    struct span spans[10];
    keep_peak(1, DECAY_MS);
    take_singles(spans, 10);
    give_singles(spans, 8);
    EXPECT(stats_now().warm == 8);
    for (int i = 0; i < 3 * DECAY_MS / 5; i++) {
        pool_give_span(take_span_of(1));
        wait_ms(5);
    }
    EXPECT(stats_now().warm == 1);
}

ISOLATED(a_peak_is_kept_by_nobody_else_nor_without_an_lru)
{
    struct span spans[8];
    keep_peak(2, 3600000);
    pool_keep_peak(false);
    take_singles(spans, 8);
    give_singles(spans, 8);
    EXPECT(stats_now().warm == 2);
    keep_peak(0, 3600000);
    take_singles(spans, 8);
    give_singles(spans, 8);
    EXPECT(stats_now().warm == 0);
    keep_peak(2, 0);
    take_singles(spans, 8);
    give_singles(spans, 8);
    EXPECT(stats_now().warm == 0);
}

/* In a fork's child, say, which has no scavenger yet. */
ISOLATED(a_large_lru_that_nobody_tends_goes_bit_by_bit)
{
    enum { SPANS = 80, STEP = 64 * 1024 * 1024 / SUPERSLAB_BYTES + 1 };
    struct span spans[SPANS];
    keep_peak(2, 3600000);
    take_singles(spans, SPANS);
    give_singles(spans, SPANS);
    EXPECT(stats_now().warm == SPANS);
    pool_keep_peak(false);
    pool_give_span(take_span_of(1));
    EXPECT(HAKMEM_TORTURE || (stats_now().warm >= SPANS - STEP - 8 && stats_now().warm <= SPANS - STEP));
    for (int i = 0; i < 3; i++)
        pool_give_span(take_span_of(1));
    EXPECT(stats_now().warm == 2);
}

ISOLATED(a_warm_superslab_is_a_hit_and_a_cold_one_a_miss)
{
    EXPECT(region_claim());
    struct span span = take_span_of(1);
    EXPECT(stats_now().lru_misses == 1);
    pool_give_span(span);
    EXPECT(stats_now().warm == 1);
    EXPECT(take_span_of(1).first == span.first);
    EXPECT(stats_now().lru_hits == 1 && stats_now().lru_misses == 1);
    pool_give_span(span);
    EXPECT(take_one() >> SUPERSLAB_UNITS_LOG2 == span.first); /* for units as well */
    EXPECT(stats_now().lru_hits == 2 && stats_now().warm == 0);
}

/* What pages were moved from reads as zero; where they went lies in a mapping of its own, and is mapped
 * afresh when it is given back. */
ISOLATED(neither_end_of_a_move_is_kept_warm)
{
    EXPECT(region_claim());
    struct span from = take_span_of(2), to = take_span_of(3);
    EXPECT(pool_movable(from) == 2);
    write_marks(to.first << SUPERSLAB_UNITS_LOG2, 3 * SUPERSLAB_UNITS);
    pool_span_moved(from, to, 2);
    pool_give_span(from);
    EXPECT(pool_movable(to) == 0); /* it is two mappings now */
    pool_give_span(to);
    EXPECT(stats_now().warm == 0);
    bool clean;
    to = pool_take_span(5, 1, &clean);
    EXPECT(to.first == from.first && clean);
    expect_zero(to.first << SUPERSLAB_UNITS_LOG2, 5 * SUPERSLAB_UNITS);
    pool_validate();
}

/* Where all of it was moved it is one mapping, and can be moved again; so can what is left of it. */
ISOLATED(a_moved_block_that_is_cut_can_be_moved_again)
{
    EXPECT(region_claim());
    struct span from = take_span_of(3), to = take_span_of(3);
    pool_span_moved(from, to, 3);
    EXPECT(pool_movable(to) == 3);
    pool_shrink_span(&to, 2);
    EXPECT(to.count == 2 && pool_movable(to) == 2);
    pool_give_span(to);
    pool_give_span(from);
    pool_validate();
}

ISOLATED(a_lost_span_is_never_given_out)
{
    EXPECT(region_claim());
    struct span before = take_span_of(1), lost = take_span_of(2), behind = take_span_of(1);
    pool_lose_span(lost);
    pool_give_span(before);
    pool_give_span(behind);
    pool_validate();
    EXPECT(pool_huge_span(lost.first).count == 0);
    for (int i = 0; i < 10; i++) {
        struct span span = take_span_of(1 + (size_t)i % 3);
        EXPECT(span.first + span.count <= lost.first || span.first >= lost.first + lost.count);
    }
    struct pool_stats stats = stats_now();
    EXPECT(stats.mapped == stats.shared + stats.huge + stats.warm + stats.cold);
    pool_purge(PURGE_ALL);
    pool_validate();
}

ISOLATED(warm_superslabs_go_cold_after_the_decay)
{
    EXPECT(region_claim());
    struct span old = take_span_of(1);
    take_span_of(1);
    struct span young = take_span_of(1);
    write_marks(old.first << SUPERSLAB_UNITS_LOG2, SUPERSLAB_UNITS);
    pool_give_span(old);
    usleep((OPTION_VALUE(decay_ms) + 100) * 1000);
    pool_give_span(young);
    EXPECT(stats_now().warm == 1 && stats_now().lru_evictions == 1);
    expect_zero(old.first << SUPERSLAB_UNITS_LOG2, SUPERSLAB_UNITS);
}

ISOLATED(prewarmed_superslabs_are_warm)
{
    EXPECT(region_claim());
    set_limit(8);
    EXPECT(pool_prewarm(5) == 5);
    EXPECT(stats_now().warm == 5);
    for (int i = 0; i < 5; i++)
        take_span_of(1);
    EXPECT(stats_now().lru_hits == 5 && stats_now().warm == 0);
}

ISOLATED(as_many_as_were_prewarmed_stay_after_the_decay)
{
    EXPECT(region_claim());
    set_limit(8);
    struct span span = take_span_of(6);
    pool_give_span(span);
    atomic_store(&options.ss_prewarm, 2);
    atomic_store(&options.decay_ms, 0);
    EXPECT(pool_purge(PURGE_AGED) == 4 * (size_t)SUPERSLAB_BYTES);
    EXPECT(stats_now().warm == 2);
    EXPECT(pool_purge(PURGE_AGED) == 0);
    pool_validate();
}

ISOLATED(a_purge_of_what_is_free_leaves_what_was_prewarmed)
{
    EXPECT(region_claim());
    set_limit(8);
    atomic_store(&options.ss_prewarm, 2);
    EXPECT(pool_prewarm(3) == 3);
    EXPECT(pool_purge(PURGE_FREE) == SUPERSLAB_BYTES);
    EXPECT(stats_now().warm == 2);
}

ISOLATED(the_pool_must_grow_where_no_used_units_fit)
{
    EXPECT(region_claim());
    set_limit(4);
    EXPECT(pool_must_grow(1));
    pool_give_units(take_one(), 1);
    EXPECT(!pool_must_grow(1) && pool_must_grow(2) && pool_must_grow(SUPERSLAB_UNITS + 1));
    pool_give_span(take_span_of(2));
    EXPECT(!pool_must_grow(2) && !pool_must_grow(SUPERSLAB_UNITS + 1));
    EXPECT(pool_must_grow(2 * SUPERSLAB_UNITS + 1));
}

ISOLATED(a_purge_of_some_ends_when_that_is_enough)
{
    enum { SUPERSLABS = 4 };
    size_t unit[SUPERSLABS][SUPERSLAB_UNITS];
    EXPECT(region_claim());
    set_limit(8);
    for (int i = 0; i < SUPERSLABS; i++)
        for (int j = 0; j < (int)SUPERSLAB_UNITS; j++)
            unit[i][j] = take_one();
    pool_give_units(unit[0][1], 1);
    pool_give_units(unit[1][1], 1);
    for (int i = 2; i < SUPERSLABS; i++)
        for (int j = 0; j < (int)SUPERSLAB_UNITS; j++)
            pool_give_units(unit[i][j], 1);
    EXPECT(pool_purge_some(PURGE_FREE, 0) == 0);
    EXPECT(pool_purge_some(PURGE_FREE, UNIT_BYTES) == UNIT_BYTES && stats_now().warm == 2);
    EXPECT(pool_purge_some(PURGE_FREE, 2 * UNIT_BYTES) == UNIT_BYTES + (size_t)SUPERSLAB_BYTES);
    EXPECT(stats_now().warm == 1 && stats_now().free_dirty_units == 0);
    pool_validate();
}

ISOLATED(a_purge_of_all_gives_back_every_free_byte)
{
    EXPECT(region_claim());
    size_t first = take_one();
    for (size_t i = 1; i < SUPERSLAB_UNITS; i++)
        take_one();
    struct span span = take_span_of(3);
    write_marks(first, SUPERSLAB_UNITS);
    pool_give_units(first, 1);
    pool_give_units(first + 2, 2);
    pool_give_span(span);
    EXPECT(stats_now().free_dirty_units == 3);
    EXPECT(pool_purge(PURGE_ALL) == 3 * UNIT_BYTES + 3 * (size_t)SUPERSLAB_BYTES);
    EXPECT(stats_now().free_dirty_units == 0 && stats_now().warm == 0);
    expect_zero(first, 1);
    expect_zero(first + 2, 2);
    expect_marks(first + 1, 1);
    EXPECT(pool_purge(PURGE_ALL) == 0);
}

/* ---- purging by age, and by limits */

/* Runs of all units of a SuperSlab but the last, which stays. */
static size_t start_shared(void)
{
    EXPECT(region_claim());
    size_t first = take_one();
    for (size_t i = 1; i < SUPERSLAB_UNITS; i++)
        take_one();
    write_marks(first, SUPERSLAB_UNITS);
    return first;
}

ISOLATED(free_units_go_back_once_nothing_was_freed_beside_them_for_the_decay)
{
    size_t first = start_shared();
    atomic_store(&options.decay_ms, 200);
    pool_give_units(first, 1);
    EXPECT(pool_purge(PURGE_AGED) == 0);
    EXPECT(pool_purge(PURGE_LRU) == 0);
    wait_ms(200);
    EXPECT(pool_purge(PURGE_LRU) == 0); /* it leaves shared SuperSlabs alone */
    pool_give_units(first + 1, 1);
    EXPECT(pool_purge(PURGE_AGED) == 0);
    wait_ms(200);
    EXPECT(pool_purge(PURGE_AGED) == 2 * UNIT_BYTES);
    expect_zero(first, 2);
    expect_marks(first + 2, SUPERSLAB_UNITS - 2);
    EXPECT(pool_purge(PURGE_AGED) == 0 && stats_now().free_dirty_units == 0);
    pool_validate();
}

ISOLATED(haste_shortens_the_decay)
{
    size_t first = start_shared();
    atomic_store(&options.decay_ms, 60000);
    pool_give_units(first, 1);
    wait_ms(250);
    EXPECT(pool_purge(PURGE_AGED) == 0);
    pool_set_haste(8); /* 234 ms */
    EXPECT(pool_purge(PURGE_AGED) == UNIT_BYTES);
}

ISOLATED(a_decay_longer_than_the_machine_is_up_keeps_everything)
{
    size_t first = start_shared();
    atomic_store(&options.decay_ms, UINT32_MAX);
    pool_give_units(first, 1);
    pool_give_span(take_span_of(2));
    EXPECT(pool_purge(PURGE_AGED) == 0);
    EXPECT(pool_purge(PURGE_ALL) == UNIT_BYTES + 2 * (size_t)SUPERSLAB_BYTES);
}

ISOLATED(without_a_decay_everything_goes_at_once)
{
    size_t first = start_shared();
    atomic_store(&options.decay_ms, 0);
    pool_give_span(take_span_of(2));
    EXPECT(stats_now().warm == 0);
    pool_give_units(first, 1);
    EXPECT(pool_purge(PURGE_AGED) == UNIT_BYTES);
    pool_validate();
}

ISOLATED(over_the_soft_limit_there_is_no_decay)
{
    size_t first = start_shared();
    atomic_store(&options.decay_ms, 3600000);
    atomic_store(&options.soft_limit, 1);
    pool_give_units(first, 1);
    struct span span = take_span_of(8);
    EXPECT(pool_purge(PURGE_AGED) == UNIT_BYTES);
    pool_give_span(span);
    EXPECT(stats_now().warm == 0);
    atomic_store(&options.soft_limit, 1024);
    pool_give_span(take_span_of(8));
    EXPECT(stats_now().warm == 8);
}

ISOLATED(at_the_soft_limit_there_still_is_a_decay)
{
    enum { LIMIT_MIB = 4, LIMIT_UNITS = LIMIT_MIB * UNITS_IN_MIB };
    size_t first = start_shared();
    atomic_store(&options.decay_ms, 3600000);
    atomic_store(&options.soft_limit, LIMIT_MIB);
    while (stats_now().dirty_units < LIMIT_UNITS)
        take_one();
    pool_give_units(first, 1);
    EXPECT(pool_purge(PURGE_AGED) == 0);
    EXPECT(take_one() == first);
    take_one();
    pool_give_units(first, 1);
    EXPECT(pool_purge(PURGE_AGED) == UNIT_BYTES);
}

ISOLATED(the_hard_limit_bounds_what_may_be_resident)
{
    enum { LIMIT_MIB = 4, LIMIT_UNITS = LIMIT_MIB * UNITS_IN_MIB };
    bool clean;
    EXPECT(region_claim());
    atomic_store(&options.hard_limit, LIMIT_MIB);
    size_t first = take_one();
    for (size_t i = 1; i < LIMIT_UNITS; i++)
        take_one();
    EXPECT(stats_now().dirty_units == LIMIT_UNITS);
    EXPECT(pool_take_units(SUPERSLAB_SLABS, 1, 1, &clean) == POOL_NO_UNIT);
    EXPECT(pool_take_span(1, 1, &clean).count == 0);
    EXPECT(!pool_take_units_at(first + LIMIT_UNITS - 1, 1) || HAKMEM_TORTURE);
    pool_validate();
    pool_give_units(first, 1);
    EXPECT(take_one() == first); /* it is resident anyway */
    pool_give_units(first, 2);
    EXPECT(pool_purge(PURGE_ALL) == 2 * UNIT_BYTES);
    EXPECT(stats_now().dirty_units == LIMIT_UNITS - 2);
    take_one();
    take_one();
    EXPECT(pool_take_units(SUPERSLAB_SLABS, 1, 1, &clean) == POOL_NO_UNIT);
    atomic_store(&options.hard_limit, 0);
    take_one();
    pool_validate();
}

ISOLATED(at_the_hard_limit_used_memory_serves_whatever_it_was_for)
{
    enum { LIMIT_MIB = 3, LIMIT_UNITS = LIMIT_MIB * UNITS_IN_MIB, SLABS = 2 * UNITS_IN_MIB };
    EXPECT(region_claim());
    atomic_store(&options.hard_limit, LIMIT_MIB);
    size_t first = take_one();
    for (size_t i = 1; i < SLABS; i++)
        take_one();
    for (size_t i = SLABS; i < LIMIT_UNITS - 1; i++)
        take_run(1);
    pool_give_units(first, 2);
    EXPECT(take_run(2) == first); /* there is more room among runs, but it would be one unit too many */
    pool_validate();
}

ISOLATED(a_span_refused_for_the_hard_limit_is_whole_again)
{
    bool clean;
    EXPECT(region_claim());
    struct span span = take_span_of(8);
    pool_give_span(span);
    pool_purge(PURGE_ALL);
    atomic_store(&options.hard_limit, 1);
    size_t mapped = stats_now().mapped;
    for (int i = 0; i < 5; i++)
        EXPECT(pool_take_span(8, 1, &clean).count == 0);
    EXPECT(stats_now().mapped == mapped && stats_now().dirty_units == 0);
    pool_validate();
    atomic_store(&options.hard_limit, 0);
    EXPECT(pool_take_span(8, 1, &clean).first == span.first && clean);
}

ISOLATED(a_refused_purge_leaves_units_free_and_dirty)
{
    size_t first = start_shared();
    struct span span = take_span_of(1);
    bool clean;
    pool_give_units(first, 2);
    pool_give_units(first + 3, 1);
    vm_test_fail_at(1);
    EXPECT(pool_purge(PURGE_ALL) == UNIT_BYTES); /* the second row */
    vm_test_fail_at(0);
    EXPECT(stats_now().free_dirty_units == 2);
    pool_validate();
    EXPECT(pool_purge(PURGE_ALL) == 2 * UNIT_BYTES);
    write_marks(span.first << SUPERSLAB_UNITS_LOG2, SUPERSLAB_UNITS);
    pool_give_span(span);
    vm_test_fail_at(1);
    EXPECT(pool_purge(PURGE_ALL) == 0);
    vm_test_fail_at(0);
    pool_validate();
    EXPECT(pool_take_span(1, 1, &clean).first == span.first && !clean); /* calloc must clear it */
}

/* A young span beside an old one makes one of the age between. */
ISOLATED(neighbours_are_as_old_as_their_mean)
{
    struct span_set set = {.kind = SUPERSLAB_WARM};
    EXPECT(region_claim());
    struct span span = take_span_of(4);
    span_insert(&set, (struct span){span.first, 1}, 1000);
    span_insert(&set, (struct span){span.first + 1, 1}, 2000);
    EXPECT(span_oldest_ms(&set) == 1500);
    span_insert(&set, (struct span){span.first + 3, 1}, 3000);
    EXPECT(span_oldest_ms(&set) == 1500 && set.superslabs == 3);
    span_insert(&set, (struct span){span.first + 2, 1}, 3000);
    EXPECT(span_oldest_ms(&set) == (1500 * 2 + 3000) / 3 * 3 / 4 + 3000 / 4);
    EXPECT(span_take_oldest(&set, 100).count == 4);
}

/* ---- the purger */

static struct {
    bool takes_care, over;
    unsigned calls;
} purger;

static bool note_purger(size_t retained_bytes, bool over)
{
    EXPECT(retained_bytes > 0);
    purger.calls++;
    purger.over |= over;
    return purger.takes_care;
}

ISOLATED(who_takes_care_of_purging_is_left_to_it)
{
    enum { SPANS = 16 };
    struct span spans[SPANS];
    EXPECT(region_claim());
    set_limit(2);
    pool_set_purger(note_purger);
    purger.takes_care = true;
    for (int i = 0; i < SPANS; i++)
        spans[i] = take_span_of(1);
    for (int i = 0; i < SPANS; i += 2)
        pool_give_span(spans[i]);
    if (SPANS / 2 * (size_t)SUPERSLAB_BYTES >= 8 << 20)
        EXPECT(purger.calls > 0 && purger.over && stats_now().warm == SPANS / 2);
    purger.takes_care = false;
    for (int i = 1; i < SPANS; i += 2)
        pool_give_span(spans[i]);
    EXPECT(stats_now().warm <= 2);
}

/* ---- huge pages for what is dense */

ISOLATED(a_superslab_is_due_after_some_dense_passes_in_a_row)
{
    enum { PASSES = 4 };
    size_t first = start_shared(), number = first >> SUPERSLAB_UNITS_LOG2;
    EXPECT(pool_is_collapsible(number));
    for (int i = 1; i < PASSES; i++)
        EXPECT(!pool_note_density(number, true));
    EXPECT(!pool_note_density(number, false)); /* from the beginning */
    for (int i = 1; i < PASSES; i++)
        EXPECT(!pool_note_density(number, true));
    EXPECT(pool_note_density(number, true));
    EXPECT(!pool_is_collapsible(number));
    pool_validate();
    pool_note_holes(first);
    EXPECT(pool_is_collapsible(number));
    pool_validate();
    pool_give_units(first, 1);
    EXPECT(!pool_is_collapsible(number));
}

ISOLATED(an_emptied_superslab_is_no_huge_page_any_more)
{
    size_t first = start_shared(), number = first >> SUPERSLAB_UNITS_LOG2;
    while (!pool_note_density(number, true))
        ;
    pool_give_units(first, SUPERSLAB_UNITS);
    pool_validate();
    EXPECT(!pool_is_collapsible(number) && stats_now().warm == 1);
    EXPECT(!pool_note_density(number, true));
    for (int i = 0; i < 10; i++)
        EXPECT(!pool_note_density(number, true)); /* it is not shared */
    pool_validate();
}

/* ---- forks */

static _Atomic bool is_purging, is_over;

static void *purge_again_and_again(void *argument)
{
    size_t first = *(size_t *)argument;
    bool clean;
    while (!atomic_load(&is_over)) {
        pool_give_units(first, 2);
        atomic_store(&is_purging, true);
        pool_purge(PURGE_ALL);
        atomic_store(&is_purging, false);
        EXPECT(pool_take_units(SUPERSLAB_SLABS, 2, 1, &clean) == first);
        write_marks(first, 2);
    }
    return NULL;
}

/* Forks again and again while the thread purges. */
static void fork_amid_purges(pthread_t thread, void (*expect_in_child)(size_t first), size_t first)
{
    for (int i = 0; i < 300; i++) {
        while (!atomic_load(&is_purging))
            ;
        pool_fork_prepare();
        pid_t child = fork();
        if (child == 0) {
            pool_fork_child();
            expect_in_child(first);
            _exit(0);
        }
        pool_fork_parent();
        int status;
        EXPECT(child > 0 && waitpid(child, &status, 0) == child);
        EXPECT(status == 0);
    }
    atomic_store(&is_over, true);
    pthread_join(thread, NULL);
    pool_validate();
}

/* All units but the two are in use; those are free in the child, though another thread was purging them. */
static void expect_two_free(size_t first)
{
    bool clean;
    pool_validate();
    if (atomic_load(&is_purging))
        EXPECT(pool_take_units(SUPERSLAB_SLABS, 2, 1, &clean) == first);
    pool_validate();
}

ISOLATED(a_child_has_the_units_that_were_being_purged)
{
    size_t first = start_shared();
    pthread_t thread = unit_thread(purge_again_and_again, &first);
    fork_amid_purges(thread, expect_two_free, first);
}

static void *purge_spans_again_and_again(void *unused)
{
    while (!atomic_load(&is_over)) {
        pool_give_span(take_span_of(2));
        atomic_store(&is_purging, true);
        pool_purge(PURGE_ALL);
        atomic_store(&is_purging, false);
    }
    return unused;
}

static void expect_all_counted(size_t unused)
{
    (void)unused;
    struct pool_stats stats = stats_now();
    EXPECT(stats.mapped == stats.shared + stats.huge + stats.warm + stats.cold);
    pool_validate();
}

ISOLATED(a_child_has_the_spans_that_were_being_purged)
{
    EXPECT(region_claim());
    take_span_of(1);
    pthread_t thread = unit_thread(purge_spans_again_and_again, NULL);
    fork_amid_purges(thread, expect_all_counted, 0);
}

static void *give_back_moved_again_and_again(void *unused)
{
    while (!atomic_load(&is_over)) {
        struct span from = take_span_of(2), to = take_span_of(2);
        pool_span_moved(from, to, 2);
        pool_give_span(from);
        atomic_store(&is_purging, true);
        pool_give_span(to);
        atomic_store(&is_purging, false);
    }
    return unused;
}

ISOLATED(a_child_does_not_count_a_moved_block_that_was_being_given_back)
{
    EXPECT(region_claim());
    take_span_of(1);
    pthread_t thread = unit_thread(give_back_moved_again_and_again, NULL);
    fork_amid_purges(thread, expect_all_counted, 0);
}

/* A handler forks that interrupted the pool. In the child it returns, and what it interrupted goes on: what
 * the thread itself has taken out of this SuperSlab stays so. */
static size_t interrupted_superslab;

static pid_t fork_inside(void)
{
    struct superslab before = *superslab_at(interrupted_superslab);
    lock_fork_begin(true);
    pool_fork_prepare();
    pid_t child = fork();
    if (child == 0) {
        pool_fork_child();
        EXPECT(memcmp(superslab_at(interrupted_superslab), &before, sizeof before) == 0);
    } else {
        pool_fork_parent();
    }
    return child;
}

/* In the children it ends with `expect`. */
static void work_until_interrupted(void (*work)(void), void (*expect)(void))
{
    bool is_child = unit_fork_in_handlers(work, fork_inside);
    if (!is_child)
        return;
    expect();
    pool_validate();
    _exit(0);
}

static size_t two_units;

static void purge_two_units(void)
{
    bool clean;
    write_marks(two_units, 2);
    pool_give_units(two_units, 2);
    pool_purge(PURGE_ALL);
    EXPECT(pool_take_units(SUPERSLAB_SLABS, 2, 1, &clean) == two_units);
}

ISOLATED(a_purge_of_units_goes_on_in_the_child_of_a_fork_in_its_midst)
{
    two_units = start_shared();
    interrupted_superslab = two_units >> SUPERSLAB_UNITS_LOG2;
    work_until_interrupted(purge_two_units, purge_two_units);
    pool_validate();
}

static void purge_two_superslabs(void)
{
    struct span span = take_span_of(2);
    EXPECT(span.first == interrupted_superslab);
    pool_give_span(span);
    pool_purge(PURGE_ALL);
}

ISOLATED(a_purge_of_superslabs_goes_on_in_the_child_of_a_fork_in_its_midst)
{
    EXPECT(region_claim());
    struct span span = take_span_of(2);
    interrupted_superslab = span.first;
    pool_give_span(span);
    work_until_interrupted(purge_two_superslabs, purge_two_superslabs);
    pool_validate();
}

static void take_and_give_units(void)
{
    bool clean;
    size_t unit = pool_take_units(SUPERSLAB_SLABS, 2, 1, &clean);
    EXPECT(unit != POOL_NO_UNIT);
    pool_give_units(unit, 2);
}

static void expect_no_orphans(void)
{
    take_and_give_units();
    expect_all_counted(0);
}

/* Such a child cannot take it over where the handler interrupted a change of the pool: it waits for its end.
 */
ISOLATED(what_others_purged_is_taken_over_once_the_pool_is_whole)
{
    EXPECT(region_claim());
    interrupted_superslab = take_span_of(1).first;
    pthread_t thread = unit_undisturbed_thread(purge_spans_again_and_again, NULL);
    work_until_interrupted(take_and_give_units, expect_no_orphans);
    atomic_store(&is_over, true);
    pthread_join(thread, NULL);
    pool_validate();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_purge_of_units_goes_on_in_the_child_of_a_fork_in_its_midst),
    cmocka_unit_test(a_purge_of_superslabs_goes_on_in_the_child_of_a_fork_in_its_midst),
    cmocka_unit_test(what_others_purged_is_taken_over_once_the_pool_is_whole),
    cmocka_unit_test(histories_agree_with_the_model),
    cmocka_unit_test(units_come_lowest_first),
    cmocka_unit_test(units_used_before_come_first),
    cmocka_unit_test(units_used_before_can_be_asked_for_alone),
    cmocka_unit_test(runs_and_slabs_keep_apart),
    cmocka_unit_test(the_fullest_superslab_gives_first),
    cmocka_unit_test(units_used_before_come_before_those_of_a_fuller_superslab),
    cmocka_unit_test(units_of_the_lru_come_before_some_that_were_never_used),
    cmocka_unit_test(growth_in_place_stops_at_the_end_of_a_superslab),
    cmocka_unit_test(the_lru_keeps_as_many_as_its_size),
    cmocka_unit_test(an_lru_of_no_size_keeps_nothing),
    cmocka_unit_test(the_lru_makes_up_for_the_peak),
    cmocka_unit_test(the_lru_never_makes_the_heap_larger_than_its_peak),
    cmocka_unit_test(a_peak_is_forgotten_after_two_decays),
    cmocka_unit_test(a_peak_is_kept_by_nobody_else_nor_without_an_lru),
    cmocka_unit_test(a_large_lru_that_nobody_tends_goes_bit_by_bit),
    cmocka_unit_test(a_warm_superslab_is_a_hit_and_a_cold_one_a_miss),
    cmocka_unit_test(neither_end_of_a_move_is_kept_warm),
    cmocka_unit_test(a_moved_block_that_is_cut_can_be_moved_again),
    cmocka_unit_test(a_child_has_the_spans_that_were_being_purged),
    cmocka_unit_test(a_child_does_not_count_a_moved_block_that_was_being_given_back),
    cmocka_unit_test(a_lost_span_is_never_given_out),
    cmocka_unit_test(warm_superslabs_go_cold_after_the_decay),
    cmocka_unit_test(prewarmed_superslabs_are_warm),
    cmocka_unit_test(as_many_as_were_prewarmed_stay_after_the_decay),
    cmocka_unit_test(a_purge_of_what_is_free_leaves_what_was_prewarmed),
    cmocka_unit_test(the_pool_must_grow_where_no_used_units_fit),
    cmocka_unit_test(a_purge_of_some_ends_when_that_is_enough),
    cmocka_unit_test(a_purge_of_all_gives_back_every_free_byte),
    cmocka_unit_test(free_units_go_back_once_nothing_was_freed_beside_them_for_the_decay),
    cmocka_unit_test(haste_shortens_the_decay),
    cmocka_unit_test(a_decay_longer_than_the_machine_is_up_keeps_everything),
    cmocka_unit_test(without_a_decay_everything_goes_at_once),
    cmocka_unit_test(over_the_soft_limit_there_is_no_decay),
    cmocka_unit_test(at_the_soft_limit_there_still_is_a_decay),
    cmocka_unit_test(the_hard_limit_bounds_what_may_be_resident),
    cmocka_unit_test(at_the_hard_limit_used_memory_serves_whatever_it_was_for),
    cmocka_unit_test(a_span_refused_for_the_hard_limit_is_whole_again),
    cmocka_unit_test(a_refused_purge_leaves_units_free_and_dirty),
    cmocka_unit_test(neighbours_are_as_old_as_their_mean),
    cmocka_unit_test(who_takes_care_of_purging_is_left_to_it),
    cmocka_unit_test(a_superslab_is_due_after_some_dense_passes_in_a_row),
    cmocka_unit_test(an_emptied_superslab_is_no_huge_page_any_more),
    cmocka_unit_test(a_child_has_the_units_that_were_being_purged),
};

UNIT_MAIN(tests)
