/* report.c - the report at exit and of malloc_stats, for people. */
#include "api/api.h"
#include "base/log.h"
#include "hakmem.h"

/* A share in tenths of a percent as text; "-" of nothing. */
static const char *percent(char *text, size_t size, uint64_t part, uint64_t whole)
{
    uint64_t tenths = whole ? part * 1000 / whole : 0;
    if (whole)
        log_format(text, size, "%lu.%lu %%", tenths / 10, tenths % 10);
    else
        log_format(text, size, "-");
    return text;
}

#define PERCENT(part, whole) percent((char[24]){0}, 24, part, whole)

static void print_bytes(const char *what, uint64_t bytes)
{
    log_row("  %-34s %lu KiB", what, (bytes + 1023) / 1024);
}

static void print_front(const struct hakmem_stats *s)
{
    if (s->front_mallocs + s->front_frees) {
        log_row("  %-34s %s of %lu mallocs, %s of %lu frees", "FastCache hits",
                PERCENT(s->front_malloc_hits, s->front_mallocs), s->front_mallocs,
                PERCENT(s->front_free_hits, s->front_frees), s->front_frees);
    } else if (s->refill_blocks > s->flush_blocks) {
        /* every block that a refill brought and no flush took back was popped at least once */
        log_row("  %-34s at least %s (HAKMEM_FRONT_STATS=1 counts)", "FastCache hits of malloc",
                PERCENT(s->refill_blocks - s->flush_blocks - s->refills <= s->refill_blocks
                            ? s->refill_blocks - s->flush_blocks - s->refills
                            : 0,
                        s->refill_blocks - s->flush_blocks));
    }
    log_row("  %-34s %lu, bringing %lu blocks", "FastCache refills", s->refills, s->refill_blocks);
    log_row("  %-34s %lu, taking %lu blocks", "FastCache flushes", s->flushes, s->flush_blocks);
}

static void print_threads(const struct hakmem_stats *s)
{
    log_row("  %-34s %lu, %lu of them parked, %lu adopted", "heaps", s->heaps, s->heaps_parked,
            s->heaps_adopted);
    if (s->remote_frees)
        log_row("  %-34s %lu; magazines to the depot %lu, from it %lu; published %lu",
                "frees by other threads", s->remote_frees, s->depot_puts, s->depot_hits, s->published_blocks);
}

static void print_pool(const struct hakmem_stats *s)
{
    log_row("  %-34s %lu mapped, %lu in use, %lu in the LRU", "SuperSlabs", s->superslabs,
            s->superslabs_in_use, s->superslabs_lru);
    log_row("  %-34s %s (%lu of %lu), evicted %lu", "LRU hits",
            PERCENT(s->lru_hits, s->lru_hits + s->lru_misses), s->lru_hits, s->lru_hits + s->lru_misses,
            s->lru_evictions);
    log_row("  %-34s %s (%lu of %lu units)", "pool: units used before",
            PERCENT(s->pool_dirty_hits, s->pool_dirty_hits + s->pool_clean), s->pool_dirty_hits,
            s->pool_dirty_hits + s->pool_clean);
    log_row("  %-34s %lu taken, %lu given back", "slabs", s->slabs_new, s->slabs_released);
}

void report_print(void)
{
    struct hakmem_stats s;
    hakmem_stats_read(&s, sizeof s);
    log_row("HAKMEM %s: where the memory is", hakmem_version());
    print_bytes("live (blocks the program holds)", s.live_bytes);
    print_bytes("cached (free, in threads' caches)", s.cached_bytes);
    print_bytes("retained (free, may be resident)", s.retained_bytes);
    print_bytes("free between live blocks", s.free_bytes);
    print_bytes("  of it in pages without memory", s.free_away_bytes);
    print_bytes("metadata (mapped)", s.metadata_bytes);
    print_bytes("payload (mapped)", s.mapped_bytes);
    log_row("  %-34s %lu", "live blocks", s.live_blocks);
    print_front(&s);
    print_threads(&s);
    print_pool(&s);
    log_row("  %-34s %lu MiB of units, %lu MiB of pages in slabs; scavenger: %lu starts, %lu passes",
            "given back", s.purged_bytes >> 20, s.holes_bytes >> 20, s.scavenger_starts, s.scavenger_passes);
    log_row("  %-34s mmap %lu, munmap %lu, madvise %lu, mremap %lu, prctl %lu", "system calls", s.calls_mmap,
            s.calls_munmap, s.calls_madvise, s.calls_mremap, s.calls_prctl);
}

void report_print_front(void)
{
    struct hakmem_stats s;
    hakmem_stats_read(&s, sizeof s);
    log_row("HAKMEM %s: FastCache", hakmem_version());
    print_front(&s);
}
