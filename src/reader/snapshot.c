/* snapshot.c - a snapshot from its parts, and the questions about what lies where. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "reader/build.h"

_Static_assert((int)READER_CLASSES == (int)SIZE_CLASSES && (int)READER_UNIT_LOG2 == (int)UNIT_LOG2,
               "the reader's constants are the allocator's");

void *build_take(struct build *build, size_t count, size_t element_bytes)
{
    return memory_take(build->snapshot->memory, count, element_bytes);
}

/* ---- making one */

static uint64_t now_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static bool is_stopped(int pid)
{
    size_t length;
    char *text = process_read_file(pid, "stat", &length);
    const char *state = text ? strrchr(text, ')') : NULL;
    bool stopped = state && strlen(state) > 2 && (state[2] == 'T' || state[2] == 't');
    free(text);
    return stopped;
}

static void describe(struct build *build)
{
    struct reader *reader = build->reader;
    struct reader_snapshot *snapshot = build->snapshot;
    bool process = reader->kind == READER_PROCESS;
    snapshot->source = reader->kind;
    snapshot->pid = reader->pid;
    snapshot->stopped = process && is_stopped(reader->pid);
    snapshot->taken_ms = process ? now_us(CLOCK_REALTIME) / 1000 : reader->date_ms;
    memcpy(snapshot->program, reader->program, sizeof snapshot->program);
    memcpy(snapshot->library, build->image.library, sizeof snapshot->library);
    snapshot->base = build->image.base;
    snapshot->superslab_units = build->image.superslab_units;
    snapshot->units = build->image.units;
    snapshot->page_bytes = reader->page_bytes;
}

/* Where HAKMEM's arrays may lie, and how much of that is mapped. */
static void locate_metadata(struct build *build)
{
    const struct image_header *image = &build->image;
    uint64_t page = build->reader->page_bytes;
    uint64_t superslabs = (image->units + SUPERSLAB_UNITS - 1) / SUPERSLAB_UNITS;
    uint64_t header = build->reader->image / page * page;
    struct reader_metadata *metadata = build->snapshot->metadata;
    metadata[READER_TAGS] = (struct reader_metadata){.start = header, .end = image->tags + image->units * 4};
    metadata[READER_SUPERSLABS] = (struct reader_metadata){
        .start = image->superslabs - superslabs * SUPERSLAB_RECORD_BYTES, .end = header};
    metadata[READER_CELLS] = (struct reader_metadata){.start = image->cells - image->cells_used * CELL_BYTES,
                                                      .end = image->cells};
    metadata[READER_SLABS] = (struct reader_metadata){.start = image->slabs,
                                                      .end = image->slabs + superslabs * SLAB_META_BYTES};
    metadata[READER_REMOTE] = (struct reader_metadata){
        .start = image->remote_maps,
        .end = image->remote_maps + size_min(image->remote_units, image->units) * SLAB_MAP_BYTES};
    for (int kind = 0; kind < READER_METADATA_KINDS; kind++) {
        struct reader_metadata *at = &metadata[kind];
        at->start = align_down(at->start, page);
        at->end = size_max(align_up(at->end, page), at->start);
        at->mapped_bytes = source_mapped_bytes(build->reader, at->start, at->end);
    }
}

static bool read_tags(struct build *build)
{
    size_t bytes = (size_t)build->image.units * sizeof *build->tags;
    build->tags = build_take(build, (size_t)build->image.units + 1, sizeof *build->tags);
    if (!build->tags)
        return false;
    if (bytes)
        build->snapshot->skipped.unreadable_bytes += source_read(build->reader, build->image.tags,
                                                                 build->tags, bytes);
    return true;
}

static bool read_heap(struct build *build)
{
    return read_tags(build) && build_superslabs(build) && build_heaps(build) && build_large(build) &&
           build_guarded(build) && build_slabs(build) && build_cached(build);
}

/* Reads all that was asked for. False: no memory. */
static bool read_all(struct build *build, unsigned what)
{
    struct reader_snapshot *snapshot = build->snapshot;
    bool process = build->reader->kind == READER_PROCESS;
    describe(build);
    locate_metadata(build);
    if (!read_heap(build))
        return false;
    build_threads(build);
    if ((what & READER_PAGES) && !(build_pages(build) && build_surplus(build)))
        return false;
    if (what & READER_MAPPINGS) {
        if (process)
            process_read_ranges(build->reader, true);
        if (!build_mappings(build))
            return false;
        snapshot->rss_bytes = process ? build_kernel_rss(build->reader) : 0;
    }
    return build_counters(build);
}

static bool fill(struct build *build, unsigned what, char error[READER_ERROR_BYTES])
{
    struct reader *reader = build->reader;
    uint64_t began_us = now_us(CLOCK_MONOTONIC);
    if (!image_read(reader, &build->image, error))
        return false;
    if (!read_all(build, what))
        return reader_fail(error, "the heap is too large to be read: there is no memory for its picture") !=
               NULL;
    build->snapshot->read_us = now_us(CLOCK_MONOTONIC) - began_us;
    return true;
}

struct reader_snapshot *reader_snapshot(struct reader *reader, unsigned what, char error[READER_ERROR_BYTES])
{
    struct reader_memory *memory = memory_open(READER_BUDGET_BYTES);
    struct build build = {.reader = reader};
    build.snapshot = memory ? memory_take(memory, 1, sizeof *build.snapshot) : NULL;
    if (!build.snapshot) {
        memory_close(memory);
        return reader_fail(error, "there is no memory");
    }
    build.snapshot->memory = memory;
    if (fill(&build, what, error))
        return build.snapshot;
    memory_close(memory);
    return NULL;
}

void reader_snapshot_free(struct reader_snapshot *snapshot)
{
    if (snapshot)
        memory_close(snapshot->memory);
}

/* ---- questions */

size_t reader_class_bytes(unsigned size_class)
{
    return class_size(size_class);
}

unsigned reader_class_units(unsigned size_class)
{
    return size_classes[size_class].slab_units;
}

unsigned reader_class_blocks(unsigned size_class)
{
    return size_classes[size_class].slab_blocks;
}

/* Of `count` elements sorted by `field`: the last one that is not above `key`; NULL: none. */
#define LAST_NOT_ABOVE(array, count, field, key)                                                             \
    __extension__({                                                                                          \
        size_t low = 0, high = (count);                                                                      \
        while (low < high) {                                                                                 \
            size_t middle = low + (high - low) / 2;                                                          \
            if ((array)[middle].field <= (key))                                                              \
                low = middle + 1;                                                                            \
            else                                                                                             \
                high = middle;                                                                               \
        }                                                                                                    \
        low ? &(array)[low - 1] : NULL;                                                                      \
    })

static bool unit_of(const struct reader_snapshot *snapshot, uint64_t address, uint64_t *unit)
{
    *unit = (address - snapshot->base) >> READER_UNIT_LOG2;
    return address >= snapshot->base && *unit < snapshot->units;
}

const struct reader_slab *reader_find_slab(const struct reader_snapshot *snapshot, uint64_t address)
{
    uint64_t unit;
    if (!unit_of(snapshot, address, &unit))
        return NULL;
    const struct reader_slab *slab = LAST_NOT_ABOVE(snapshot->slabs, snapshot->slab_count, unit, unit);
    return slab && unit < (uint64_t)slab->unit + slab->units ? slab : NULL;
}

const struct reader_run *reader_find_run(const struct reader_snapshot *snapshot, uint64_t address)
{
    uint64_t unit;
    if (!unit_of(snapshot, address, &unit))
        return NULL;
    const struct reader_run *run = LAST_NOT_ABOVE(snapshot->runs, snapshot->run_count, unit, unit);
    return run && unit < (uint64_t)run->unit + run->units ? run : NULL;
}

const struct reader_huge *reader_find_huge(const struct reader_snapshot *snapshot, uint64_t address)
{
    uint64_t unit;
    if (!unit_of(snapshot, address, &unit))
        return NULL;
    uint64_t superslab = unit / snapshot->superslab_units;
    const struct reader_huge *huge = LAST_NOT_ABOVE(snapshot->huges, snapshot->huge_count, superslab,
                                                    superslab);
    return huge && superslab < (uint64_t)huge->superslab + huge->superslabs ? huge : NULL;
}

const struct reader_guarded *reader_find_guarded(const struct reader_snapshot *snapshot, uint64_t address)
{
    const struct reader_guarded *guarded = LAST_NOT_ABOVE(snapshot->guarded, snapshot->guarded_count, slot,
                                                          address);
    return guarded && address - guarded->slot < guarded->slot_bytes ? guarded : NULL;
}

bool reader_page_has_guarded(const struct reader_snapshot *snapshot, uint64_t page)
{
    const struct reader_guarded *guarded = reader_find_guarded(snapshot, page);
    return guarded && guarded->live && page < guarded->block + guarded->block_bytes &&
           guarded->block < page + snapshot->page_bytes;
}

const struct reader_cached *reader_find_cached(const struct reader_snapshot *snapshot, uint64_t address)
{
    const struct reader_cached *cached = LAST_NOT_ABOVE(snapshot->cached, snapshot->cached_count, address,
                                                        address);
    return cached && cached->address == address ? cached : NULL;
}

const struct reader_heap *reader_find_heap(const struct reader_snapshot *snapshot, uint32_t number)
{
    const struct reader_heap *heap = LAST_NOT_ABOVE(snapshot->heaps, snapshot->heap_count, number, number);
    return heap && heap->number == number ? heap : NULL;
}

const struct reader_mapping *reader_find_mapping(const struct reader_snapshot *snapshot, uint64_t address)
{
    const struct reader_mapping *mapping = LAST_NOT_ABOVE(snapshot->mappings, snapshot->mapping_count, start,
                                                          address);
    return mapping && address < mapping->end ? mapping : NULL;
}
