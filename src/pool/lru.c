/* lru.c - the LRU: whole SuperSlabs that are free and may be resident, by age; how many it may keep, and for
 * how long. pool_ functions take the lock, the others are [lock: pool].
 *
 * It keeps HAKMEM_SS_LRU_SIZE of them; and, while somebody gives back what is aged, as many more as make up
 * for what was in use at the peak of the last decay: the heap stays as large as the program just had it, and
 * what comes and goes meets no page fault. */
#include "base/log.h"
#include "pool/state.h"

COLD void lru_debug(const char *what, struct span span)
{
    log_line("LRU: %s %zu SuperSlab%s at %p, %zu warm now", what, span.count, span.count == 1 ? "" : "s",
             (void *)superslab_address(span.first), pool.warm.superslabs);
}

/* ---- limits */

static bool is_over_soft_limit(void)
{
    size_t limit = OPTION_VALUE(soft_limit);
    return unlikely(limit) && pool.dirty_units > limit * UNITS_IN_MIB;
}

uint64_t lru_decay_ms(void)
{
    return is_over_soft_limit()
               ? 0
               : OPTION_VALUE(decay_ms) >> atomic_load_explicit(&pool.haste, memory_order_relaxed);
}

bool lru_has_spare(void)
{
    return pool.warm.superslabs > OPTION_VALUE(ss_prewarm);
}

/* Whether the oldest warm span has been there for the decay; what was prewarmed stays. */
static bool is_aged(uint64_t now_ms)
{
    return lru_has_spare() && span_oldest_ms(&pool.warm) + lru_decay_ms() <= now_ms;
}

static size_t used_units(void)
{
    return size_minus(pool.dirty_units, pool.warm.superslabs << SUPERSLAB_UNITS_LOG2);
}

/* Periods are a decay long: the peak of this one and the last is that of one to two decays. */
void lru_note_use(uint64_t now_ms)
{
    uint64_t age_ms = now_ms - pool.peak_since_ms, decay_ms = lru_decay_ms();
    if (age_ms >= decay_ms) {
        pool.peak_units[1] = age_ms / 2 >= decay_ms ? 0 : pool.peak_units[0];
        pool.peak_units[0] = 0;
        pool.peak_since_ms = now_ms;
    }
    pool.peak_units[0] = size_max(pool.peak_units[0], used_units());
}

/* SuperSlabs that it may keep. */
static size_t lru_limit(void)
{
    size_t limit = OPTION_VALUE(ss_lru_size);
    if (limit == 0 || !atomic_load_explicit(&pool.keeps_peak, memory_order_relaxed))
        return limit;
    size_t peak_units = size_max(pool.peak_units[0], pool.peak_units[1]);
    return size_max(limit, size_minus(peak_units, used_units()) >> SUPERSLAB_UNITS_LOG2);
}

void pool_keep_peak(bool keep)
{
    atomic_store_explicit(&pool.keeps_peak, keep, memory_order_relaxed);
}

bool lru_is_over(uint64_t now_ms)
{
    return pool.warm.superslabs > lru_limit() || is_aged(now_ms);
}

size_t lru_spare_bytes(void)
{
    return size_minus(pool.warm.superslabs, OPTION_VALUE(ss_prewarm)) * SUPERSLAB_BYTES;
}

size_t pool_lru_bytes(void)
{
    pool_lock();
    size_t bytes = lru_spare_bytes();
    pool_unlock();
    return bytes;
}

void pool_set_haste(unsigned halvings)
{
    atomic_store_explicit(&pool.haste, halvings, memory_order_relaxed);
}

/* ---- what goes in and out */

void lru_retire(struct superslab *superslab, uint64_t now_ms)
{
    struct span span = {superslab_number(superslab), 1};
    lru_note_use(now_ms);
    bucket_remove(superslab);
    huge_pages_forget(superslab);
    span_insert(&pool.warm, span, now_ms);
    lru_note("kept", span);
}

void lru_retire_clean(struct superslab *superslab)
{
    bucket_remove(superslab);
    huge_pages_forget(superslab);
    span_insert(&pool.cold, (struct span){superslab_number(superslab), 1}, 0);
}

struct span lru_evict(enum pool_purge what, uint64_t now_ms, size_t superslabs)
{
    bool all = what >= PURGE_FREE;
    if (!all && !lru_is_over(now_ms))
        return (struct span){0, 0};
    bool aged = all || is_aged(now_ms);
    size_t kept = what == PURGE_ALL ? 0 : aged ? OPTION_VALUE(ss_prewarm) : lru_limit();
    size_t most = size_minus(pool.warm.superslabs, kept);
    struct span span = span_take_oldest(&pool.warm, size_min(most, superslabs));
    if (span.count) {
        pool.lru_evictions += span.count;
        span_make_busy(span);
        lru_note("evicted", span);
    }
    return span;
}
