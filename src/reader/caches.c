/* caches.c - heaps, and the free blocks that no map knows: in FastCaches, magazines and the depot. */
#include <stdlib.h>
#include <string.h>

#include "reader/build.h"

_Static_assert((int)READER_RUN_CACHE >= (int)RUN_CACHE_UNITS, "there is room for a heap's cached runs");

const void *build_cells(const struct build *build, uint64_t address, uint64_t bytes)
{
    if (address < build->cells_at || address - build->cells_at > build->cells_bytes ||
        bytes > build->cells_bytes - (address - build->cells_at) || address % 8)
        return NULL;
    return build->cells + (address - build->cells_at);
}

/* ---- heaps */

static const struct heap *raw_heap(const struct build *build, uint32_t number)
{
    if (number == 0 || number > build->image.cells_used)
        return NULL;
    return build_cells(build, build->image.cells - number * (uint64_t)CELL_BYTES, CELL_BYTES);
}

static const struct heap_bins *raw_bins(const struct heap *heap)
{
    return (const struct heap_bins *)((const char *)heap + HEAP_BINS_OFFSET);
}

static uint64_t counter(const _Atomic uint64_t *value)
{
    return *(const uint64_t *)value;
}

static void describe_heap(const struct build *build, const struct heap *raw, struct reader_heap *heap)
{
    *heap = (struct reader_heap){
        .number = raw->number,
        .parked = *(const unsigned char *)&raw->parked & 1,
        .commons = build->image.commons == build->image.cells - raw->number * (uint64_t)CELL_BYTES,
        .busy = *(const unsigned char *)&raw->busy & 1,
        .thread_pointer = raw->thread,
        .refills = counter(&raw->stats.refills),
        .refill_blocks = counter(&raw->stats.refill_blocks),
        .flushes = counter(&raw->stats.flushes),
        .flush_blocks = counter(&raw->stats.flush_blocks),
        .remote_frees = counter(&raw->stats.remote_frees),
    };
    if (*(const unsigned char *)&raw->has_slabs & 1)
        memcpy(heap->cached_runs, raw_bins(raw)->cached_runs, sizeof raw_bins(raw)->cached_runs);
}

/* The number of the heap at an address: 0 when none can be there. */
static uint32_t number_at(const struct build *build, uint64_t address)
{
    uint64_t distance = build->image.cells - address;
    bool inside = address && address < build->image.cells && address >= build->cells_at;
    return inside && distance % CELL_BYTES == 0 ? (uint32_t)(distance / CELL_BYTES) : 0;
}

/* Calls visit for each heap, newest first: their numbers fall, so the list ends. */
static size_t walk_heaps(const struct build *build, struct reader_heap *heaps)
{
    size_t count = 0;
    uint32_t above = UINT32_MAX;
    for (uint64_t at = build->image.newest_heap; at;) {
        uint32_t number = number_at(build, at);
        const struct heap *raw = raw_heap(build, number);
        if (!raw || number >= above || raw->number != number) {
            build->snapshot->skipped.records++;
            break;
        }
        if (heaps)
            describe_heap(build, raw, &heaps[count]);
        count++;
        above = number;
        at = (uintptr_t)raw->next_heap;
    }
    return count;
}

static int compare_heaps(const void *a, const void *b)
{
    const struct reader_heap *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

bool build_heaps(struct build *build)
{
    struct reader_snapshot *snapshot = build->snapshot;
    build->cells_bytes = build->image.cells_used * CELL_BYTES;
    build->cells_at = build->image.cells - build->cells_bytes;
    build->cells = build_take(build, build->cells_bytes, 1);
    if (!build->cells)
        return false;
    if (build->cells_bytes)
        snapshot->skipped.unreadable_bytes += source_read(build->reader, build->cells_at, build->cells,
                                                          build->cells_bytes);
    size_t count = walk_heaps(build, NULL);
    snapshot->heaps = build_take(build, count, sizeof *snapshot->heaps);
    if (!snapshot->heaps)
        return false;
    snapshot->heap_count = walk_heaps(build, snapshot->heaps);
    qsort(snapshot->heaps, count, sizeof *snapshot->heaps, compare_heaps);
    return true;
}

/* ---- blocks in caches */

/* Blocks of one class in one cache; where they are written is NULL while they are only counted. */
struct cached_list {
    struct build *build;
    struct reader_cached *item;
    size_t count, room; /* room: what the cells can hold at most, then what was counted */
};

static void note_blocks(struct cached_list *list, const uint64_t *blocks, size_t count,
                        struct reader_cached like)
{
    for (size_t i = 0; i < count; i++) {
        if (list->count == list->room)
            return;
        like.address = blocks[i];
        if (list->item)
            list->item[list->count] = like;
        list->count++;
    }
}

/* Also counts into the heap, when blocks are written. */
static void note_fastcache(struct cached_list *list, const struct heap *raw, unsigned size_class,
                           struct reader_heap *heap)
{
    uint64_t capacity = raw->capacity[size_class];
    uint64_t limit = (uintptr_t)raw->limit[size_class], top = (uintptr_t)raw->top[size_class];
    if (capacity == 0)
        return;
    uint64_t bottom = limit - capacity * 8;
    const uint64_t *stack = build_cells(list->build, bottom, (capacity + 1) * 8);
    if (!stack || top < bottom || top > limit || (top - bottom) % 8) {
        list->build->snapshot->skipped.caches += list->item != NULL;
        return;
    }
    size_t blocks = (top - bottom) / 8;
    heap->classes[size_class].capacity = (uint16_t)capacity;
    note_blocks(list, stack + 1, blocks,
                (struct reader_cached){0, raw->number, (uint8_t)size_class, READER_FASTCACHE});
}

static const struct magazine *magazine_at(const struct build *build, uint64_t address)
{
    const struct magazine *magazine = build_cells(build, address, sizeof *magazine);
    bool sound = magazine && magazine->count <= MAGAZINE_BLOCKS && magazine->size_class < SIZE_CLASSES;
    return sound ? magazine : NULL;
}

static void note_magazine(struct cached_list *list, uint64_t address, unsigned size_class, uint32_t heap,
                          uint8_t cache)
{
    const struct magazine *magazine = magazine_at(list->build, address);
    if (!magazine || magazine->size_class != size_class)
        list->build->snapshot->skipped.caches += list->item != NULL;
    else
        note_blocks(list, (const uint64_t *)(const void *)magazine->blocks, magazine->count,
                    (struct reader_cached){0, heap, (uint8_t)size_class, cache});
}

static void note_heap(struct cached_list *list, struct reader_heap *heap)
{
    const struct heap *raw = raw_heap(list->build, heap->number);
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        note_fastcache(list, raw, c, heap);
        uint64_t magazine = *(const unsigned char *)&raw->has_slabs & 1
                                ? (uintptr_t)raw_bins(raw)->magazines[c]
                                : 0;
        if (magazine)
            note_magazine(list, magazine, c, heap->number, READER_MAGAZINE);
    }
}

static void note_depot(struct cached_list *list)
{
    const struct image_header *image = &list->build->image;
    size_t left = list->build->cells_bytes / sizeof(struct magazine); /* there cannot be more */
    for (uint32_t s = 0; image->depot && s < image->depot_shards; s++) {
        const struct depot_shard *shard = build_cells(list->build, image->depot + s * (uint64_t)sizeof *shard,
                                                      sizeof *shard);
        if (!shard)
            return;
        for (unsigned c = 0; c < SIZE_CLASSES; c++) {
            uint64_t at = (uintptr_t)shard->bins[c].full;
            while (at && left) {
                const struct magazine *magazine = magazine_at(list->build, at);
                note_magazine(list, at, c, 0, READER_DEPOT);
                at = magazine && magazine->size_class == c ? (uintptr_t)magazine->next : 0;
                left--;
            }
        }
    }
}

static void note_all(struct cached_list *list)
{
    list->count = 0;
    for (size_t i = 0; i < list->build->snapshot->heap_count; i++)
        note_heap(list, &list->build->snapshot->heaps[i]);
    note_depot(list);
}

/* ---- their slabs */

static void count_cached(struct build *build, const struct reader_cached *cached)
{
    struct reader_heap *heap = (struct reader_heap *)(uintptr_t)reader_find_heap(build->snapshot,
                                                                                 cached->heap);
    if (!heap)
        return;
    if (cached->cache == READER_FASTCACHE)
        heap->classes[cached->size_class].cached_blocks++;
    else
        heap->classes[cached->size_class].magazine_blocks++;
}

/* Sets the block's bit; false when its slab does not call it taken: it moved on meanwhile. */
static bool mark_cached(struct build *build, const struct reader_cached *cached, bool *out_of_memory)
{
    struct reader_slab *slab = (struct reader_slab *)(uintptr_t)reader_find_slab(build->snapshot,
                                                                                 cached->address);
    if (!slab || slab->size_class != cached->size_class)
        return false;
    size_t offset = cached->address - reader_unit_address(build->snapshot, slab->unit);
    size_t size = reader_class_bytes(slab->size_class);
    unsigned block = (unsigned)(offset / size);
    if (offset % size || block >= slab->blocks || reader_slab_state(slab, block) != READER_LIVE)
        return false;
    if (!slab->cached_map)
        slab->cached_map = build_take(build, (slab->blocks + 63u) / 64, sizeof *slab->cached_map);
    *out_of_memory = !slab->cached_map;
    if (*out_of_memory)
        return false;
    slab->cached_map[block / 64] |= UINT64_C(1) << (block % 64);
    slab->cached_blocks++;
    count_cached(build, cached);
    return true;
}

static int compare_cached(const void *a, const void *b)
{
    const struct reader_cached *x = a, *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

bool build_cached(struct build *build)
{
    struct reader_snapshot *snapshot = build->snapshot;
    struct cached_list list = {.build = build, .room = build->cells_bytes / sizeof(uint64_t)};
    bool out_of_memory = false;
    note_all(&list);
    list.room = list.count;
    list.item = snapshot->cached = build_take(build, list.room, sizeof *list.item);
    if (!list.item)
        return false;
    note_all(&list);
    for (size_t i = 0; i < list.count && !out_of_memory; i++)
        if (mark_cached(build, &list.item[i], &out_of_memory))
            snapshot->cached[snapshot->cached_count++] = list.item[i];
    qsort(snapshot->cached, snapshot->cached_count, sizeof *snapshot->cached, compare_cached);
    return !out_of_memory;
}
