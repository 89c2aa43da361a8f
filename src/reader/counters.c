/* counters.c - struct hakmem_stats and the options' values, as the program itself would read them. */
#include <string.h>

#include "heap/scavenger.h"
#include "os/vm.h"
#include "reader/build.h"

enum { OPTIONS_MOST = 256 };

static uint64_t value(const _Atomic uint64_t *counter)
{
    return *(const uint64_t *)counter;
}

static void add_heap(const struct heap_stats *from, struct hakmem_stats *stats)
{
    stats->front_mallocs += value(&from->mallocs);
    stats->front_malloc_hits += value(&from->malloc_hits);
    stats->front_frees += value(&from->frees);
    stats->front_free_hits += value(&from->free_hits);
    stats->refills += value(&from->refills);
    stats->refill_blocks += value(&from->refill_blocks);
    stats->flushes += value(&from->flushes);
    stats->flush_blocks += value(&from->flush_blocks);
    stats->remote_frees += value(&from->remote_frees);
    stats->depot_puts += value(&from->depot_puts);
    stats->depot_hits += value(&from->depot_hits);
    stats->depot_misses += value(&from->depot_misses);
    stats->published_blocks += value(&from->published_blocks);
    stats->collected_blocks += value(&from->collected_blocks);
    stats->slabs_new += value(&from->slabs_new);
    stats->slabs_released += value(&from->slabs_released);
    stats->heaps_adopted += value(&from->adoptions);
}

static void count_heaps(struct build *build, struct hakmem_stats *stats)
{
    for (size_t i = 0; i < build->snapshot->heap_count; i++) {
        const struct reader_heap *heap = &build->snapshot->heaps[i];
        uint64_t address = build->image.cells - heap->number * (uint64_t)CELL_BYTES;
        const struct heap *raw = build_cells(build, address, sizeof *raw);
        if (raw) {
            add_heap(&raw->stats, stats);
            stats->free_bytes += raw->free_bytes;
            stats->free_away_bytes += raw->purged_bytes;
        }
        stats->heaps++;
        stats->heaps_parked += heap->parked;
    }
}

static void count_superslabs(const struct reader_snapshot *snapshot, struct hakmem_stats *stats)
{
    uint64_t dirty_units = 0;
    for (size_t i = 0; i < snapshot->superslab_count; i++) {
        const struct reader_superslab *superslab = &snapshot->superslabs[i];
        stats->superslabs += superslab->units > 0;
        stats->superslabs_lru += superslab->kind == READER_SUPERSLAB_WARM;
        stats->superslabs_in_use += superslab->kind == READER_SUPERSLAB_SHARED ||
                                    superslab->kind == READER_SUPERSLAB_HUGE;
        stats->mapped_bytes += (uint64_t)superslab->units * READER_UNIT_BYTES;
        if (superslab->kind == READER_SUPERSLAB_SHARED)
            dirty_units += bit_count(superslab->free_units & superslab->dirty_units);
    }
    stats->retained_bytes = stats->superslabs_lru * reader_superslab_bytes(snapshot) +
                            dirty_units * READER_UNIT_BYTES;
}

static void count_blocks(const struct reader_snapshot *snapshot, struct hakmem_stats *stats)
{
    for (size_t i = 0; i < snapshot->slab_count; i++) {
        const struct reader_slab *slab = &snapshot->slabs[i];
        stats->live_blocks += reader_slab_live(slab);
        stats->live_bytes += reader_slab_live(slab) * (uint64_t)reader_class_bytes(slab->size_class);
        stats->cached_bytes += slab->cached_blocks * (uint64_t)reader_class_bytes(slab->size_class);
    }
    for (size_t i = 0; i < snapshot->guarded_count; i++) {
        stats->live_blocks += snapshot->guarded[i].live;
        stats->live_bytes += snapshot->guarded[i].live ? snapshot->guarded[i].block_bytes : 0;
    }
    for (size_t i = 0; i < snapshot->run_count; i++) {
        stats->live_blocks += snapshot->runs[i].live_places;
        if (snapshot->runs[i].guarded)
            continue;
        stats->live_blocks += !snapshot->runs[i].cached;
        stats->live_bytes += snapshot->runs[i].cached ? 0
                                                      : (uint64_t)snapshot->runs[i].units * READER_UNIT_BYTES;
    }
    stats->live_blocks += snapshot->huge_count;
    for (size_t i = 0; i < snapshot->huge_count; i++)
        stats->live_bytes += snapshot->huges[i].superslabs * (uint64_t)reader_superslab_bytes(snapshot);
}

static void read_process_counters(struct build *build, struct hakmem_stats *stats)
{
    uint64_t pool[5] = {0};
    struct vm_calls calls = {0};
    struct scavenger_stats scavenger = {0};
    if (build->image.pool_counters)
        source_read(build->reader, build->image.pool_counters, pool, sizeof pool);
    if (build->image.vm_calls)
        source_read(build->reader, build->image.vm_calls, &calls, sizeof calls);
    if (build->image.scavenger)
        source_read(build->reader, build->image.scavenger, &scavenger, sizeof scavenger);
    stats->purged_bytes = value(&scavenger.purged_bytes);
    stats->holes_bytes = value(&scavenger.holes_bytes);
    stats->scavenger_starts = value(&scavenger.starts);
    stats->scavenger_passes = value(&scavenger.passes);
    stats->huge_pages = value(&scavenger.huge_pages);
    stats->pool_dirty_hits = pool[0];
    stats->pool_clean = pool[1];
    stats->lru_hits = pool[2];
    stats->lru_misses = pool[3];
    stats->lru_evictions = pool[4];
    stats->calls_mmap = value(&calls.mmap);
    stats->calls_munmap = value(&calls.munmap);
    stats->calls_madvise = value(&calls.madvise);
    stats->calls_mremap = value(&calls.mremap);
    stats->calls_prctl = value(&calls.prctl);
}

static bool read_options(struct build *build)
{
    struct reader_snapshot *snapshot = build->snapshot;
    size_t count = size_min(build->image.option_count, OPTIONS_MOST);
    snapshot->options = build_take(build, count, sizeof *snapshot->options);
    if (!snapshot->options)
        return false;
    if (count && source_read(build->reader, build->image.options, snapshot->options,
                             count * sizeof *snapshot->options) == 0)
        snapshot->option_count = count;
    return true;
}

/* Whole mappings, with what they hold ahead. */
static uint64_t metadata_mappings_bytes(const struct build *build)
{
    const struct source_ranges *ranges = &build->reader->ranges;
    uint64_t bytes = 0;
    for (size_t i = 0; i < ranges->count; i++)
        for (int kind = 0; kind < READER_METADATA_KINDS; kind++) {
            const struct reader_metadata *at = &build->snapshot->metadata[kind];
            if (at->start < at->end && at->start < ranges->item[i].end && at->end > ranges->item[i].start) {
                bytes += ranges->item[i].end - ranges->item[i].start;
                break;
            }
        }
    return bytes;
}

bool build_counters(struct build *build)
{
    struct hakmem_stats *stats = &build->snapshot->stats;
    count_heaps(build, stats);
    count_superslabs(build->snapshot, stats);
    count_blocks(build->snapshot, stats);
    read_process_counters(build, stats);
    stats->metadata_bytes = metadata_mappings_bytes(build);
    return read_options(build);
}

static const char *const option_fields[] = {
#define OPTION(field, name, initial, minimum, maximum, form, when, help) #field,
#include "base/options.def"
#undef OPTION
};

bool reader_option(const struct reader_snapshot *snapshot, const char *field, uint32_t *option)
{
    for (size_t i = 0; i < snapshot->option_count && i < sizeof option_fields / sizeof option_fields[0]; i++)
        if (strcmp(option_fields[i], field) == 0) {
            *option = snapshot->options[i];
            return true;
        }
    return false;
}
