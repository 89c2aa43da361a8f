/* pool.c - units of shared SuperSlabs, taken and given back; and what is the pool's as a whole: its state,
 * how much is resident, statistics, fork. pool_ functions take the lock. */
#include "base/check.h"
#include "os/clock.h"
#include "pool/state.h"

struct pool_state pool = {.warm = {.kind = SUPERSLAB_WARM}, .cold = {.kind = SUPERSLAB_COLD}};

static_assert(offsetof(struct pool_state, lru_evictions) ==
                  offsetof(struct pool_state, dirty_hits) + 4 * sizeof(uint64_t),
              "image.h says that the counters follow each other");

void pool_fork_prepare(void)
{
    lock_fork_acquire(&pool.lock);
}

void pool_fork_parent(void)
{
    lock_fork_release(&pool.lock);
}

void pool_fork_child(void)
{
    bool half_changed = lock_fork_reset(&pool.lock);
    pool.survivor = lock_self();
    atomic_store_explicit(&pool.has_orphans, true, memory_order_relaxed);
    if (!half_changed)
        purge_take_over_orphans();
}

/* ---- how much is resident */

bool pool_must_grow(size_t units)
{
    pool_lock();
    size_t superslabs = align_up(units, SUPERSLAB_UNITS) >> SUPERSLAB_UNITS_LOG2;
    bool warm = pool.warm.superslabs >= superslabs;
    bool shared = units <= SUPERSLAB_UNITS && (bucket_find_dirty_room(SUPERSLAB_RUNS, units, 1) ||
                                               (!bucket_find_own_room(SUPERSLAB_RUNS, units, 1) &&
                                                bucket_find_dirty_room(SUPERSLAB_SLABS, units, 1)));
    pool_unlock();
    return !warm && !shared;
}

void pool_add_holes(size_t bytes)
{
    atomic_fetch_add_explicit(&pool.holes_bytes, bytes, memory_order_relaxed);
}

void pool_remove_holes(size_t bytes)
{
    atomic_fetch_sub_explicit(&pool.holes_bytes, bytes, memory_order_relaxed);
}

size_t pool_resident_bytes(void)
{
    size_t bytes = __atomic_load_n(&pool.dirty_units, __ATOMIC_RELAXED) * UNIT_BYTES;
    return size_minus(bytes, atomic_load_explicit(&pool.holes_bytes, memory_order_relaxed));
}

size_t pool_retained_in_all(void)
{
    return pool.warm.superslabs * (size_t)SUPERSLAB_BYTES + pool.free_dirty_units * UNIT_BYTES;
}

size_t pool_retained_bytes(void)
{
    pool_lock();
    size_t bytes = lru_spare_bytes() + pool.free_dirty_units * UNIT_BYTES;
    pool_unlock();
    return bytes;
}

/* ---- taking */

/* The first window is half a SuperSlab, and the next one its other half. */
static bool last_is_partial(void)
{
    bool none_free = pool.warm.superslabs + pool.cold.superslabs == 0;
    return none_free && (region_next_unit() == 0 || region_next_unit() % SUPERSLAB_UNITS != 0);
}

static struct superslab *fresh_superslab(enum superslab_use use, size_t count, size_t align)
{
    if (last_is_partial() && supply_map(count)) {
        struct superslab *superslab = bucket_find_room(use, count, align);
        if (superslab)
            return superslab;
    }
    struct span span = supply_take_span(1, 1);
    if (!span.count) /* the kernel gives no whole SuperSlab any more: a few units, then */
        return supply_map(count) ? bucket_find_room(use, count, align) : NULL;
    struct superslab *superslab = superslab_at(span.first);
    huge_pages_forbid(span.first);
    superslab->kind = SUPERSLAB_SHARED;
    superslab->use = (uint8_t)use;
    superslab->bucket = 0;
    superslab->free_units = superslab_all_units();
    superslab_guard(superslab);
    return superslab;
}

static void note_taken(struct superslab *superslab, uint32_t mask, bool *clean)
{
    *clean = (superslab->dirty_units & mask) == 0;
    if (*clean)
        pool.clean += bit_count(mask);
    else
        pool.dirty_hits += bit_count(mask);
    superslab->free_units &= ~mask;
    superslab_set_dirty(superslab, superslab->dirty_units | mask);
    bucket_place(superslab);
}

static size_t take_row(struct superslab *superslab, unsigned row, size_t count, bool *clean)
{
    note_taken(superslab, superslab_row(row, count), clean);
    return (superslab_number(superslab) << SUPERSLAB_UNITS_LOG2) + row;
}

size_t pool_take_used_units(enum superslab_use use, size_t count, size_t align)
{
    size_t unit = POOL_NO_UNIT;
    bool clean;
    pool_lock();
    struct superslab *superslab = bucket_find_dirty_room(use, count, align);
    if (superslab)
        unit = take_row(superslab, bucket_find_dirty_row(superslab, count, align), count, &clean);
    pool_unlock();
    return unit;
}

size_t pool_take_units(enum superslab_use use, size_t count, size_t align, bool *clean)
{
    size_t unit = POOL_NO_UNIT;
    pool_lock();
    struct superslab *superslab = bucket_find_dirty_room(use, count, align);
    if (!superslab && !pool_hard_limit_allows(count))
        superslab = bucket_find_dirty_room(!use, count, align);
    if (!superslab && !lru_has_spare())
        superslab = bucket_find_room(use, count, align);
    if (!superslab)
        superslab = fresh_superslab(use, count, align);
    if (superslab) {
        unsigned row = bucket_find_row(superslab, count, align);
        if (pool_hard_limit_allows(bit_count(superslab_row(row, count) & ~superslab->dirty_units)))
            unit = take_row(superslab, row, count, clean);
        else
            bucket_place(superslab);
    }
    pool_unlock();
    return unit;
}

bool pool_take_units_at(size_t unit, size_t count)
{
    unsigned row = unit % SUPERSLAB_UNITS;
    if (row + count > SUPERSLAB_UNITS || row == 0)
        return false;
    uint32_t mask = superslab_row(row, count);
    struct superslab *superslab = superslab_at(unit >> SUPERSLAB_UNITS_LOG2);
    bool clean;
    pool_lock();
    bool free_units = (superslab->free_units & mask) == mask &&
                      pool_hard_limit_allows(bit_count(mask & ~superslab->dirty_units));
    if (free_units)
        note_taken(superslab, mask, &clean);
    pool_unlock();
    return free_units;
}

/* ---- giving back */

void pool_give_units(size_t unit, size_t count)
{
    struct superslab *superslab = superslab_at(unit >> SUPERSLAB_UNITS_LOG2);
    uint32_t mask = superslab_row(unit % SUPERSLAB_UNITS, count);
    uint64_t now_ms = clock_coarse_ms();
    bool over = false;
    pool_lock();
    CHECK((superslab->free_units & mask) == 0);
    superslab->free_units |= mask;
    superslab->since_ms = now_ms;
    if (!superslab_is_all_free(superslab) || !superslab_unguard(superslab)) {
        bucket_place(superslab);
    } else {
        lru_retire(superslab, now_ms);
        over = lru_is_over(now_ms);
    }
    size_t retained = pool_retained_in_all();
    pool_unlock();
    purge_if_needed(count << UNIT_LOG2, retained, over);
}

/* ---- reading */

static void count_superslab(struct superslab *superslab, struct pool_stats *stats)
{
    if (superslab->kind == SUPERSLAB_SHARED && bit_count(superslab->free_units) < superslab->units)
        stats->shared++;
}

void pool_stats_read(struct pool_stats *stats)
{
    pool_lock();
    *stats = (struct pool_stats){
        .dirty_hits = pool.dirty_hits,
        .clean = pool.clean,
        .lru_hits = pool.lru_hits,
        .lru_misses = pool.lru_misses,
        .lru_evictions = pool.lru_evictions,
        .free_dirty_units = pool.free_dirty_units,
        .dirty_units = pool.dirty_units,
        .holes_bytes = atomic_load_explicit(&pool.holes_bytes, memory_order_relaxed),
        .warm = pool.warm.superslabs,
        .cold = pool.cold.superslabs,
    };
    for (size_t i = 0; i < superslab_count(); i++) {
        struct superslab *at = superslab_at(i);
        size_t span = superslab_span(at);
        stats->mapped += at->units > 0 ? span : 0;
        stats->huge += at->kind == SUPERSLAB_HUGE ? span : 0;
        count_superslab(at, stats);
        i += span - 1;
    }
    pool_unlock();
}
