#include "metrics.h"

#include "json.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

enum kind { GAUGE, COUNTER };

struct metric {
    const char *name; /* of the field; a metric's name ends in its unit, if it has one */
    size_t offset;
    enum kind kind;
    const char *unit; /* NULL: things are counted */
    const char *help;
};

#define METRIC(field, kind, unit, help)                                                                      \
    {                                                                                                        \
#field, offsetof(struct hakmem_stats, field), kind, unit, help                                       \
    }

static const struct metric metrics[] = {
    METRIC(live_bytes, GAUGE, "bytes", "Blocks that the program holds, at their usable sizes."),
    METRIC(live_blocks, GAUGE, NULL, "Blocks that the program holds."),
    METRIC(cached_bytes, GAUGE, "bytes", "Free blocks in FastCaches, magazines and the depot."),
    METRIC(retained_bytes, GAUGE, "bytes", "Free units and LRU SuperSlabs that may still be resident."),
    METRIC(metadata_bytes, GAUGE, "bytes", "Mapped for the allocator's own records."),
    METRIC(mapped_bytes, GAUGE, "bytes", "Mapped for blocks."),
    METRIC(superslabs, GAUGE, NULL, "SuperSlabs mapped."),
    METRIC(superslabs_in_use, GAUGE, NULL, "SuperSlabs with at least one unit in use."),
    METRIC(superslabs_lru, GAUGE, NULL, "SuperSlabs that are empty and kept warm."),
    METRIC(heaps, GAUGE, NULL, "Heaps that exist."),
    METRIC(heaps_parked, GAUGE, NULL, "Heaps without a thread."),
    METRIC(front_mallocs, COUNTER, NULL, "Calls of malloc, counted only with HAKMEM_FRONT_STATS=1."),
    METRIC(front_malloc_hits, COUNTER, NULL, "Of these, served by the FastCache."),
    METRIC(front_frees, COUNTER, NULL, "Calls of free, counted only with HAKMEM_FRONT_STATS=1."),
    METRIC(front_free_hits, COUNTER, NULL, "Of these, only pushed on the FastCache."),
    METRIC(refills, COUNTER, NULL, "FastCache misses of malloc."),
    METRIC(refill_blocks, COUNTER, NULL, "Blocks that they brought."),
    METRIC(flushes, COUNTER, NULL, "Times a full FastCache gave up its oldest blocks."),
    METRIC(flush_blocks, COUNTER, NULL, "Blocks taken out so."),
    METRIC(remote_frees, COUNTER, NULL, "Blocks freed by a thread that does not own them."),
    METRIC(depot_puts, COUNTER, NULL, "Full magazines handed to the depot."),
    METRIC(depot_hits, COUNTER, NULL, "Magazines that a refill took from it."),
    METRIC(depot_misses, COUNTER, NULL, "Refills that looked there and found none."),
    METRIC(published_blocks, COUNTER, NULL, "Blocks returned to their slab by a remote bit."),
    METRIC(collected_blocks, COUNTER, NULL, "Of these, taken in by their heap."),
    METRIC(slabs_new, COUNTER, NULL, "Slabs taken from the shared pool."),
    METRIC(slabs_released, COUNTER, NULL, "Slabs given back to it."),
    METRIC(pool_dirty_hits, COUNTER, NULL, "Units that the pool served from memory used before."),
    METRIC(pool_clean, COUNTER, NULL, "Units that it served from memory never used, or purged."),
    METRIC(lru_hits, COUNTER, NULL, "SuperSlabs (huge blocks: spans) reused while warm."),
    METRIC(lru_misses, COUNTER, NULL, "Requests that found none."),
    METRIC(lru_evictions, COUNTER, NULL, "SuperSlabs purged to make room, or for their age."),
    METRIC(heaps_adopted, COUNTER, NULL, "Threads that took over a parked heap."),
    METRIC(calls_mmap, COUNTER, NULL, "Calls of mmap made by the allocator."),
    METRIC(calls_munmap, COUNTER, NULL, "Calls of munmap made by it."),
    METRIC(calls_madvise, COUNTER, NULL, "Calls of madvise made by it."),
    METRIC(calls_mremap, COUNTER, NULL, "Calls of mremap made by it."),
    METRIC(calls_prctl, COUNTER, NULL, "Calls of prctl made by it."),
    METRIC(free_bytes, GAUGE, "bytes", "Free blocks in slabs."),
    METRIC(free_away_bytes, GAUGE, "bytes",
           "Of these, in pages that were given back to the kernel or never used."),
    METRIC(purged_bytes, COUNTER, "bytes", "Given back to the kernel so far: free units and SuperSlabs."),
    METRIC(holes_bytes, COUNTER, "bytes", "Likewise: pages inside slabs."),
    METRIC(scavenger_starts, COUNTER, NULL, "Scavenger threads started."),
    METRIC(scavenger_passes, COUNTER, NULL, "Passes that they made."),
    METRIC(huge_pages, COUNTER, NULL, "Huge pages made of dense SuperSlabs."),
};
enum { METRICS = sizeof metrics / sizeof metrics[0] };

static_assert(METRICS * sizeof(uint64_t) == sizeof(struct hakmem_stats),
              "every field of hakmem_stats is here");

static uint64_t value_of(const struct metric *metric, const struct reader_snapshot *snapshot)
{
    uint64_t value;
    memcpy(&value, (const char *)&snapshot->stats + metric->offset, sizeof value);
    return value;
}

/* ---- classes: how many blocks each has of each state */

struct class_counts {
    uint64_t slabs, live, free_blocks, cached, published;
};

static void count_classes(const struct reader_snapshot *snapshot, struct class_counts counts[READER_CLASSES])
{
    memset(counts, 0, READER_CLASSES * sizeof *counts);
    for (size_t i = 0; i < snapshot->slab_count; i++) {
        const struct reader_slab *slab = &snapshot->slabs[i];
        struct class_counts *class = &counts[slab->size_class];
        class->slabs++;
        class->live += reader_slab_live(slab);
        class->free_blocks += slab->free_blocks;
        class->cached += slab->cached_blocks;
        class->published += slab->published_blocks;
    }
}

/* ---- text */

static void add_classes(const struct reader_snapshot *snapshot, struct text *out)
{
    struct class_counts counts[READER_CLASSES];
    count_classes(snapshot, counts);
    text_add(out, "\n%8s %10s %12s %12s %12s %12s\n", "class", "slabs", "live", "free", "cached",
             "published");
    for (unsigned c = 0; c < READER_CLASSES; c++)
        if (counts[c].slabs)
            text_add(out, "%8zu %10" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 "\n",
                     reader_class_bytes(c), counts[c].slabs, counts[c].live, counts[c].free_blocks,
                     counts[c].cached, counts[c].published);
}

void metrics_add_text(const struct reader_snapshot *snapshot, struct text *out)
{
    text_add(out, "%s, process %d, HAKMEM %s\n\n", snapshot->program, snapshot->pid, snapshot->library);
    for (int i = 0; i < METRICS; i++)
        text_add(out, "%-20s %16" PRIu64 "  %s\n", metrics[i].name, value_of(&metrics[i], snapshot),
                 metrics[i].help);
    add_classes(snapshot, out);
}

/* ---- JSON */

static json_t *classes_json(const struct reader_snapshot *snapshot)
{
    struct class_counts counts[READER_CLASSES];
    json_t *array = json_array();
    count_classes(snapshot, counts);
    for (unsigned c = 0; c < READER_CLASSES; c++) {
        if (!counts[c].slabs)
            continue;
        json_t *object = json_object();
        json_object_set_new(object, "block_bytes", json_count(reader_class_bytes(c)));
        json_object_set_new(object, "slabs", json_count(counts[c].slabs));
        json_object_set_new(object, "live_blocks", json_count(counts[c].live));
        json_object_set_new(object, "free_blocks", json_count(counts[c].free_blocks));
        json_object_set_new(object, "cached_blocks", json_count(counts[c].cached));
        json_object_set_new(object, "published_blocks", json_count(counts[c].published));
        json_array_append_new(array, object);
    }
    return array;
}

json_t *metrics_json(const struct reader_snapshot *snapshot)
{
    json_t *object = json_object(), *stats = json_object();
    json_add_source(object, "hakmem-stats", snapshot);
    for (int i = 0; i < METRICS; i++)
        json_object_set_new(stats, metrics[i].name, json_count(value_of(&metrics[i], snapshot)));
    json_object_set_new(object, "stats", stats);
    json_object_set_new(object, "classes", classes_json(snapshot));
    return object;
}

/* ---- OpenMetrics */

/* A label's value: backslash, quote and line end are escaped. */
static void add_label(struct text *out, const char *value)
{
    for (; *value; value++) {
        if (*value == '\n')
            text_add(out, "\\n");
        else if ((unsigned char)*value < ' ' || (unsigned char)*value >= 0x7f)
            text_add(out, "?");
        else
            text_add(out, "%s%c", *value == '"' || *value == '\\' ? "\\" : "", *value);
    }
}

static void add_family(struct text *out, const char *name, enum kind kind, const char *unit, const char *help)
{
    text_add(out, "# TYPE hakmem_%s %s\n", name, kind == COUNTER ? "counter" : "gauge");
    if (unit)
        text_add(out, "# UNIT hakmem_%s %s\n", name, unit);
    text_add(out, "# HELP hakmem_%s %s\n", name, help);
}

static void add_info(const struct reader_snapshot *snapshot, struct text *out)
{
    text_add(out,
             "# TYPE hakmem_process info\n# HELP hakmem_process The process that these figures are of.\n"
             "hakmem_process_info{pid=\"%d\",program=\"",
             snapshot->pid);
    add_label(out, snapshot->program);
    text_add(out, "\",version=\"");
    add_label(out, snapshot->library);
    text_add(out, "\"} 1\n");
}

static void add_class_family(const struct reader_snapshot *snapshot, struct text *out)
{
    struct class_counts counts[READER_CLASSES];
    count_classes(snapshot, counts);
    add_family(out, "class_blocks", GAUGE, NULL, "Blocks of a size class, by what they are.");
    for (unsigned c = 0; c < READER_CLASSES; c++) {
        const char *states[] = {"live", "free", "cached", "published"};
        const uint64_t values[] = {counts[c].live, counts[c].free_blocks, counts[c].cached,
                                   counts[c].published};
        for (int s = 0; counts[c].slabs && s < 4; s++)
            text_add(out, "hakmem_class_blocks{pid=\"%d\",size=\"%zu\",state=\"%s\"} %" PRIu64 "\n",
                     snapshot->pid, reader_class_bytes(c), states[s], values[s]);
    }
}

void metrics_add_openmetrics(const struct reader_snapshot *snapshot, struct text *out)
{
    add_info(snapshot, out);
    for (int i = 0; i < METRICS; i++) {
        const struct metric *metric = &metrics[i];
        add_family(out, metric->name, metric->kind, metric->unit, metric->help);
        text_add(out, "hakmem_%s%s{pid=\"%d\"} %" PRIu64 "\n", metric->name,
                 metric->kind == COUNTER ? "_total" : "", snapshot->pid, value_of(metric, snapshot));
    }
    add_class_family(snapshot, out);
    text_add(out, "# EOF\n");
}
