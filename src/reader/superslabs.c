/* superslabs.c - SuperSlabs, and the blocks without a slab: runs and huge blocks. */
#include <stdlib.h>

#include "reader/build.h"

_Static_assert((int)READER_SUPERSLAB_BUSY == (int)SUPERSLAB_BUSY, "kinds are the allocator's");

static void copy_record(struct reader_superslab *to, const struct superslab *from)
{
    *to = (struct reader_superslab){
        .kind = from->kind <= SUPERSLAB_BUSY ? from->kind : SUPERSLAB_NONE,
        .units = (uint8_t)size_min(from->units, SUPERSLAB_UNITS),
        .huge_pages = from->huge_pages,
        .free_units = from->kind == SUPERSLAB_SHARED ? from->free_units : 0,
        .dirty_units = from->dirty_units,
    };
}

/* Of a free span only the first record (and the last) is kept up: it speaks for the others. */
static void spread_spans(struct reader_snapshot *snapshot, const struct superslab *last_record)
{
    size_t span;
    for (size_t i = 0; i < snapshot->superslab_count; i += span) {
        const struct superslab *record = last_record - i;
        struct reader_superslab *first = &snapshot->superslabs[i];
        span = 1;
        if ((first->kind != SUPERSLAB_WARM && first->kind != SUPERSLAB_COLD) || record->from_first)
            continue;
        first->since_ms = first->kind == SUPERSLAB_WARM ? record->since_ms : 0;
        span = size_max(1, size_min(record->span, snapshot->superslab_count - i));
        for (size_t k = 1; k < span; k++) {
            first[k].kind = first->kind;
            first[k].since_ms = first->since_ms;
            first[k].free_units = 0;
        }
    }
}

bool build_superslabs(struct build *build)
{
    struct reader_snapshot *snapshot = build->snapshot;
    size_t count = (size_t)(build->image.units + SUPERSLAB_UNITS - 1) / SUPERSLAB_UNITS;
    struct superslab *records = build_take(build, count, sizeof *records);
    snapshot->superslabs = build_take(build, count, sizeof *snapshot->superslabs);
    if (!records || !snapshot->superslabs)
        return false;
    snapshot->superslab_count = count;
    if (!count)
        return true;
    snapshot->skipped.unreadable_bytes += source_read(
        build->reader, build->image.superslabs - count * sizeof *records, records, count * sizeof *records);
    for (size_t i = 0; i < count; i++)
        copy_record(&snapshot->superslabs[i], &records[count - 1 - i]);
    spread_spans(snapshot, records + count - 1);
    return true;
}

/* ---- runs and huge blocks */

static bool is_run(uint32_t tag)
{
    return tag > TAG_RUN && tag <= TAG_RUN + RUN_MAX_UNITS;
}

static void add_run(struct build *build, size_t unit, uint8_t units, uint32_t cached_by)
{
    struct reader_snapshot *snapshot = build->snapshot;
    if (unit % SUPERSLAB_UNITS + units > SUPERSLAB_UNITS || unit + units > build->image.units) {
        snapshot->skipped.records++;
        return;
    }
    snapshot->runs[snapshot->run_count++] = (struct reader_run){
        .unit = (uint32_t)unit,
        .units = units,
        .cached = cached_by != 0,
        .heap = cached_by,
    };
}

static void add_guarded(struct build *build, size_t unit)
{
    struct reader_snapshot *snapshot = build->snapshot;
    size_t before = snapshot->run_count;
    add_run(build, unit, 1, 0);
    if (snapshot->run_count > before)
        snapshot->runs[before].guarded = true;
}

static void add_huge(struct build *build, size_t unit)
{
    struct reader_snapshot *snapshot = build->snapshot;
    size_t first = unit / SUPERSLAB_UNITS, count = 1;
    if (unit % SUPERSLAB_UNITS || snapshot->superslabs[first].kind != SUPERSLAB_HUGE) {
        snapshot->skipped.records++;
        return;
    }
    while (first + count < snapshot->superslab_count &&
           snapshot->superslabs[first + count].kind == SUPERSLAB_HUGE &&
           build->tags[(first + count) * SUPERSLAB_UNITS] != TAG_HUGE)
        count++;
    snapshot->huges[snapshot->huge_count++] = (struct reader_huge){(uint32_t)first, (uint32_t)count};
}

static int compare_runs(const void *a, const void *b)
{
    const struct reader_run *x = a, *y = b;
    return (x->unit > y->unit) - (x->unit < y->unit);
}

/* Runs that heaps keep have no tag: their heaps name them. */
static void add_cached_runs(struct build *build)
{
    for (size_t i = 0; i < build->snapshot->heap_count; i++) {
        const struct reader_heap *heap = &build->snapshot->heaps[i];
        for (unsigned r = 0; r < READER_RUN_CACHE; r++) {
            uint64_t unit = (uint64_t)heap->cached_runs[r] - 1;
            if (heap->cached_runs[r] && unit < build->image.units && build->tags[unit] == TAG_NONE)
                add_run(build, unit, (uint8_t)(r + 1), heap->number);
        }
    }
}

/* No two runs may share a unit. */
static void drop_overlaps(struct reader_snapshot *snapshot)
{
    size_t kept = 0;
    uint64_t end = 0;
    for (size_t i = 0; i < snapshot->run_count; i++) {
        if (snapshot->runs[i].unit < end) {
            snapshot->skipped.records++;
            continue;
        }
        end = (uint64_t)snapshot->runs[i].unit + snapshot->runs[i].units;
        snapshot->runs[kept++] = snapshot->runs[i];
    }
    snapshot->run_count = kept;
}

bool build_large(struct build *build)
{
    struct reader_snapshot *snapshot = build->snapshot;
    size_t runs = snapshot->heap_count * READER_RUN_CACHE, huges = 0;
    for (size_t unit = 0; unit < build->image.units; unit++) {
        runs += is_run(build->tags[unit]) || build->tags[unit] == TAG_GUARDED;
        huges += build->tags[unit] == TAG_HUGE;
    }
    snapshot->runs = build_take(build, runs, sizeof *snapshot->runs);
    snapshot->huges = build_take(build, huges, sizeof *snapshot->huges);
    if (!snapshot->runs || !snapshot->huges)
        return false;
    for (size_t unit = 0; unit < build->image.units; unit++) {
        if (is_run(build->tags[unit]))
            add_run(build, unit, (uint8_t)(build->tags[unit] - TAG_RUN), 0);
        else if (build->tags[unit] == TAG_GUARDED)
            add_guarded(build, unit);
        else if (build->tags[unit] == TAG_HUGE)
            add_huge(build, unit);
    }
    add_cached_runs(build);
    qsort(snapshot->runs, snapshot->run_count, sizeof *snapshot->runs, compare_runs);
    drop_overlaps(snapshot);
    return true;
}
