/* top_look.c - a look at the process, and what changed since the one before. */
#define _GNU_SOURCE 1

#include "top.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const unsigned char group_of[READER_PARTS] = {
    [PART_LIVE_SLABS] = GROUP_LIVE,     [PART_LIVE_RUNS] = GROUP_LIVE,      [PART_LIVE_HUGE] = GROUP_LIVE,
    [PART_PINNED] = GROUP_FREE,         [PART_FREE_PAGES] = GROUP_FREE,     [PART_FASTCACHES] = GROUP_CACHED,
    [PART_MAGAZINES] = GROUP_CACHED,    [PART_DEPOT] = GROUP_CACHED,        [PART_PUBLISHED] = GROUP_CACHED,
    [PART_CACHED_RUNS] = GROUP_CACHED,  [PART_FREE_UNITS] = GROUP_RETAINED, [PART_LRU] = GROUP_RETAINED,
    [PART_HUGE_PAGES] = GROUP_RETAINED, [PART_METADATA] = GROUP_METADATA,
};

double top_clock_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- what changed */

/* A change of a counter that only grows; one that fell belongs to another program (exec). */
static double growth(uint64_t before, uint64_t now)
{
    return now > before ? (double)(now - before) : 0;
}

static double share(double part, double whole)
{
    return whole > 0 ? part / whole : (double)NAN;
}

static uint64_t system_calls(const struct hakmem_stats *stats)
{
    return stats->calls_mmap + stats->calls_munmap + stats->calls_madvise + stats->calls_mremap +
           stats->calls_prctl;
}

static void rates_count_calls(struct top_rates *rates, const struct hakmem_stats *then,
                              const struct hakmem_stats *now, double seconds)
{
    double mallocs = growth(then->front_mallocs, now->front_mallocs);
    double frees = growth(then->front_frees, now->front_frees);
    rates->counted = true;
    rates->mallocs = mallocs / seconds;
    rates->frees = frees / seconds;
    rates->malloc_hits = share(growth(then->front_malloc_hits, now->front_malloc_hits), mallocs);
    rates->free_hits = share(growth(then->front_free_hits, now->front_free_hits), frees);
}

/* Blocks that refills brought, and that do not lie in FastCaches still, were given out; flushed and remote
 * ones were freed. What goes to and fro between program and FastCache is not counted by anybody. */
static void rates_bound_calls(struct top_rates *rates, const struct top_counters *then,
                              const struct top_counters *now, double seconds)
{
    double refilled = growth(then->stats.refill_blocks, now->stats.refill_blocks);
    double kept = growth(then->fastcache_blocks, now->fastcache_blocks);
    double given_out = refilled > kept ? refilled - kept : 0;
    double missed = growth(then->stats.refills, now->stats.refills);
    rates->mallocs = given_out / seconds;
    rates->frees = (growth(then->stats.flush_blocks, now->stats.flush_blocks) +
                    growth(then->stats.remote_frees, now->stats.remote_frees)) /
                   seconds;
    rates->malloc_hits = given_out >= missed ? share(given_out - missed, given_out) : (double)NAN;
    rates->free_hits = (double)NAN;
}

static void rates_measure(struct top_rates *rates, const struct top_counters *then,
                          const struct top_counters *now)
{
    double seconds = now->at_s - then->at_s;
    if (then->at_s == 0 || seconds <= 0) {
        double unknown = (double)NAN;
        *rates = (struct top_rates){false,   unknown, unknown, unknown, unknown,
                                    unknown, unknown, unknown, unknown};
    } else {
        *rates = (struct top_rates){0};
        if (now->stats.front_mallocs)
            rates_count_calls(rates, &then->stats, &now->stats, seconds);
        else
            rates_bound_calls(rates, then, now, seconds);
        rates->remote_frees = growth(then->stats.remote_frees, now->stats.remote_frees) / seconds;
        rates->system_calls = growth(system_calls(&then->stats), system_calls(&now->stats)) / seconds;
        rates->lru_uses = growth(then->stats.lru_hits + then->stats.lru_misses,
                                 now->stats.lru_hits + now->stats.lru_misses) /
                          seconds;
    }
    rates->lru_hits = share((double)now->stats.lru_hits,
                            (double)now->stats.lru_hits + (double)now->stats.lru_misses);
}

/* ---- a look */

static void counters_take(struct top_counters *counters, const struct reader_snapshot *snapshot,
                          const struct reader_parts *parts)
{
    *counters = (struct top_counters){.at_s = top_clock_s(), .stats = snapshot->stats};
    counters->heap_count = snapshot->heap_count;
    counters->heaps = memory_resize(NULL, snapshot->heap_count, sizeof *counters->heaps);
    for (size_t i = 0; i < snapshot->heap_count; i++) {
        const struct reader_heap *heap = &snapshot->heaps[i];
        counters->heaps[i] = (struct top_heap_counters){heap->number, heap->refill_blocks, heap->flush_blocks,
                                                        heap->remote_frees};
        for (unsigned c = 0; c < READER_CLASSES; c++)
            counters->fastcache_blocks += heap->classes[c].cached_blocks;
    }
    for (unsigned c = 0; c < READER_CLASSES; c++)
        counters->class_live_bytes[c] = parts->classes[c].live_bytes;
    memcpy(counters->part_bytes, parts->bytes, sizeof counters->part_bytes);
}

static void look_describe(struct top_look *look, const struct reader_snapshot *snapshot,
                          const struct reader_parts *parts)
{
    memcpy(look->program, snapshot->program, sizeof look->program);
    memcpy(look->library, snapshot->library, sizeof look->library);
    look->source = snapshot->source;
    look->pid = snapshot->pid;
    look->stopped = snapshot->stopped;
    look->exact = parts->exact;
    look->taken_ms = snapshot->taken_ms;
    look->read_us = snapshot->read_us;
    look->rss_bytes = snapshot->rss_bytes;
    look->sum_bytes = parts->sum_bytes;
    memcpy(look->part_bytes, parts->bytes, sizeof look->part_bytes);
    look->heaps = snapshot->heap_count;
    for (size_t i = 0; i < snapshot->heap_count; i++)
        look->threads += !snapshot->heaps[i].parked && !snapshot->heaps[i].commons;
    for (int part = 0; part < READER_PARTS; part++) {
        bool ours = reader_part_is_ours((enum reader_part)part);
        look->point.bytes[ours ? group_of[part] : GROUP_OTHER] += parts->bytes[part];
    }
}

void top_look_free(struct top_look *look)
{
    for (int table = 0; table < TOP_TABLES; table++)
        free(look->tables[table].rows);
    free(look->counters.heaps);
    *look = (struct top_look){0};
}

static void look_replace(struct top *top, struct reader_snapshot *snapshot, const struct reader_parts *parts)
{
    struct top_look look = {0};
    look_describe(&look, snapshot, parts);
    counters_take(&look.counters, snapshot, parts);
    rates_measure(&look.rates, &top->look.counters, &look.counters);
    top_tables_fill(&look, snapshot, parts, &top->look.counters);
    top_look_free(&top->look);
    top->look = look;
    top->history[top->history_count++ % TOP_HISTORY] = look.point;
    for (int table = 0; table < TOP_TABLES; table++)
        top_table_sort(top, (enum top_table_name)table);
}

bool top_process_has_ended(const struct top *top, int wait_ms)
{
    struct pollfd ended = {top->process_file, POLLIN, 0};
    return top->process_file >= 0 && poll(&ended, 1, wait_ms) == 1;
}

/* The process may have become another program. */
static struct reader_snapshot *snapshot_after_exec(struct top *top, char error[READER_ERROR_BYTES])
{
    char second[READER_ERROR_BYTES];
    if (!top->look.pid || top_process_has_ended(top, 0))
        return NULL;
    struct reader *reader = reader_open(top->target, second);
    if (!reader)
        return NULL;
    reader_close(top->reader);
    top->reader = reader;
    top->look.counters.at_s = 0;
    return reader_snapshot(reader, READER_ALL, error);
}

bool top_look(struct top *top)
{
    char error[READER_ERROR_BYTES] = "";
    struct reader_parts parts;
    struct reader_snapshot *snapshot = reader_snapshot(top->reader, READER_ALL, error);
    if (!snapshot)
        snapshot = snapshot_after_exec(top, error);
    bool done = snapshot && reader_take_apart(snapshot, &parts);
    if (done)
        look_replace(top, snapshot, &parts);
    top->note[0] = '\0';
    /* The memory of a process that ends goes a moment before its end can be seen. */
    if (!done && top_process_has_ended(top, 1000))
        snprintf(top->note, sizeof top->note, "process %s has ended", top->target);
    else if (!done)
        snprintf(top->note, sizeof top->note, "%s", snapshot ? "there is no memory" : error);
    top->ended = !done;
    reader_snapshot_free(snapshot);
    return done;
}

bool top_is_live(const struct top *top)
{
    return top->look.source == READER_PROCESS && !top->ended;
}

double top_pause_s(const struct top *top)
{
    return fmax(top->interval_s, 4 * (double)top->look.read_us / 1e6);
}
