/* purge.c - giving pages back to the kernel: of SuperSlabs that leave the LRU, and of free units of shared
 * ones. The lock is not held meanwhile: a span is busy, units count as taken (superslab.purging), and
 * `holder` says whose they are, should another thread fork. Functions take the lock, but for those that say
 * otherwise. */
#include "os/clock.h"
#include "pool/state.h"

enum {
    PURGE_STEP_SUPERSLABS = 8,  /* whoever waits for the kernel's lock of the address space waits so long */
    PURGER_MIN_BYTES = 4194304, /* retained memory that is worth somebody's attention */
    BACKLOG_BYTES =
        67108864, /* what a call gives back itself, beside what it freed; the rest the next ones */
};

/* ---- SuperSlabs */

void pool_lose_span(struct span span)
{
    pool_lock();
    superslabs_set_dirty(span, 0);
    span_mark(span, SUPERSLAB_NONE);
    for (size_t i = 0; i < span.count; i++)
        superslab_at(span.first + i)->units = 0;
    pool_unlock();
}

size_t purge_settle(struct span span, enum vm_result result)
{
    if (result == VM_NO_MEMORY) {
        pool_lose_span(span);
        return 0;
    }
    pool_lock();
    if (result == VM_DONE)
        superslabs_set_dirty(span, 0);
    span_insert(&pool.cold, span, 0);
    pool_unlock();
    return result == VM_DONE ? span.count << SUPERSLAB_LOG2 : 0;
}

static size_t purge_span(struct span span)
{
    bool purged = vm_purge(superslab_address(span.first), span.count << SUPERSLAB_LOG2);
    return purge_settle(span, purged ? VM_DONE : VM_TAKEN);
}

static size_t step_superslabs(size_t bytes)
{
    return size_min(size_max(bytes >> SUPERSLAB_LOG2, 1), PURGE_STEP_SUPERSLABS);
}

static size_t purge_lru(enum pool_purge what, uint64_t now_ms, size_t enough_bytes)
{
    size_t bytes = 0;
    while (bytes < enough_bytes) {
        pool_lock();
        struct span span = lru_evict(what, now_ms, step_superslabs(enough_bytes - bytes));
        pool_unlock();
        if (!span.count)
            break;
        bytes += purge_span(span);
    }
    return bytes;
}

/* ---- free units */

/* Units that were taken out to be purged are free again. A SuperSlab that is all free now and has nothing
 * resident is cold; else it is as old as its last free. [lock: pool] */
static void return_units(struct superslab *superslab, uint32_t units)
{
    superslab->free_units |= units;
    superslab->purging = 0;
    if (!superslab_is_all_free(superslab) || !superslab_unguard(superslab))
        bucket_place(superslab);
    else if (superslab->dirty_units)
        lru_retire(superslab, superslab->since_ms);
    else
        lru_retire_clean(superslab);
}

/* Takes a shared SuperSlab's free dirty units, as if they were in use, so that they can be purged: if
 * nothing was freed there since `before_ms`, and no other thread purges there. */
static uint32_t reserve_free_units(struct superslab *superslab, uint64_t before_ms)
{
    bool quiet = superslab->kind == SUPERSLAB_SHARED && superslab->since_ms <= before_ms &&
                 superslab->purging == 0;
    uint32_t units = quiet ? superslab->free_units & superslab->dirty_units : 0;
    if (units) {
        superslab->free_units &= ~units;
        superslab->purging = units;
        superslab->holder = lock_self();
        bucket_place(superslab);
    }
    return units;
}

static size_t purge_units(size_t number, uint32_t units)
{
    uint32_t purged = 0;
    pool_note_holes((number << SUPERSLAB_UNITS_LOG2) + bit_lowest(units));
    for (uint32_t left = units; left;) {
        unsigned first = bit_lowest(left);
        unsigned length = bit_lowest(~((uint64_t)left >> first));
        uint32_t row = superslab_row(first, length);
        if (vm_purge(superslab_address(number) + (size_t)first * UNIT_BYTES, (size_t)length * UNIT_BYTES))
            purged |= row;
        left &= ~row;
    }
    struct superslab *superslab = superslab_at(number);
    pool_lock();
    superslab_set_dirty(superslab, superslab->dirty_units & ~purged);
    return_units(superslab, units);
    pool_unlock();
    return (size_t)bit_count(purged) * UNIT_BYTES;
}

static size_t purge_shared(uint64_t before_ms, size_t enough_bytes)
{
    size_t bytes = 0;
    for (size_t i = 0, span = 1; i < superslab_count() && bytes < enough_bytes; i += span) {
        pool_lock();
        uint32_t units = reserve_free_units(superslab_at(i), before_ms);
        span = superslab_span(superslab_at(i));
        pool_unlock();
        if (units)
            bytes += purge_units(i, units);
    }
    return bytes;
}

/* ---- fork */

/* What the survivor purges is not free: a handler that interrupted it forked, and it gives it back when the
 * handler has returned. With the lock, or alone in a fork's child. */
void purge_take_over_orphans(void)
{
    atomic_store_explicit(&pool.has_orphans, false, memory_order_relaxed);
    for (size_t i = 0, span = 1; i < superslab_count(); i += span) {
        struct superslab *at = superslab_at(i);
        bool is_orphan = at->holder != pool.survivor;
        span = superslab_span(at);
        if (at->kind == SUPERSLAB_SHARED && at->purging && is_orphan)
            return_units(at, at->purging);
        if (at->kind == SUPERSLAB_BUSY && at->from_first == 0 && at->span) {
            span = at->span;
            if (is_orphan)
                span_insert(&pool.cold, (struct span){i, span}, 0);
        }
    }
}

/* ---- both */

NOINLINE size_t pool_purge_some(enum pool_purge what, size_t enough_bytes)
{
    size_t bytes = 0;
    uint64_t now_ms = clock_coarse_ms();
    pool_lock();
    uint64_t aged_ms = what >= PURGE_FREE ? UINT64_MAX : size_minus(now_ms, lru_decay_ms());
    bool any_shared = what != PURGE_LRU && pool.free_dirty_units > 0;
    pool_unlock();
    if (any_shared)
        bytes += purge_shared(aged_ms, enough_bytes);
    return bytes + purge_lru(what, now_ms, size_minus(enough_bytes, bytes));
}

size_t pool_purge_units(size_t enough_bytes)
{
    return purge_shared(UINT64_MAX, enough_bytes);
}

size_t pool_purge_spans(void)
{
    return purge_lru(PURGE_FREE, clock_coarse_ms(), SIZE_MAX);
}

size_t pool_purge(enum pool_purge what)
{
    return pool_purge_some(what, SIZE_MAX);
}

/* ---- who purges */

void pool_set_purger(pool_purger *purger)
{
    atomic_store_explicit(&pool.purger, purger, memory_order_release);
}

void purge_if_needed(size_t freed, size_t retained, bool over)
{
    pool_purger *purger = atomic_load_explicit(&pool.purger, memory_order_acquire);
    if (retained >= PURGER_MIN_BYTES && purger && purger(retained, over))
        return;
    if (unlikely(over))
        pool_purge_some(PURGE_LRU, freed + BACKLOG_BYTES);
}
