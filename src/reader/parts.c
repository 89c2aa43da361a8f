#include "reader/parts.h"

#include "base/bits.h"
#include "reader/memory.h"

static const struct {
    const char *name, *title;
} part_texts[READER_PARTS] = {
    [PART_LIVE_SLABS] = {"live_slabs", "live blocks to 32 KiB"},
    [PART_LIVE_RUNS] = {"live_runs", "live blocks to 1 MiB"},
    [PART_LIVE_HUGE] = {"live_huge", "live blocks above 1 MiB"},
    [PART_PINNED] = {"pinned", "free, on pages that hold something too"},
    [PART_FREE_PAGES] = {"free_pages", "free, whole pages inside slabs"},
    [PART_FASTCACHES] = {"fastcaches", "free, in threads' FastCaches"},
    [PART_MAGAZINES] = {"magazines", "free, in threads' magazines"},
    [PART_DEPOT] = {"depot", "free, in the depot"},
    [PART_PUBLISHED] = {"published", "freed by others, not taken in yet"},
    [PART_CACHED_RUNS] = {"cached_runs", "free, runs that threads keep"},
    [PART_FREE_UNITS] = {"free_units", "free, units of the shared pool"},
    [PART_LRU] = {"lru", "free, SuperSlabs in the LRU"},
    [PART_HUGE_PAGES] = {"huge_pages", "free, held by huge pages"},
    [PART_METADATA] = {"metadata", "HAKMEM's records"},
    [PART_FILES] = {"files", "programs, libraries, files"},
    [PART_STACKS] = {"stacks", "stacks"},
    [PART_BRK] = {"brk", "[heap] (brk)"},
    [PART_SHARED] = {"shared", "shared memory"},
    [PART_ANONYMOUS] = {"anonymous", "other private mappings"},
    [PART_KERNEL] = {"kernel", "the kernel's pages"},
};

const char *reader_part_name(enum reader_part part)
{
    return part_texts[part].name;
}

const char *reader_part_title(enum reader_part part)
{
    return part_texts[part].title;
}

/* ---- pages */

/* Without the kernel's word, what was used since it was last given back. */
static bool unit_is_dirty(const struct reader_snapshot *snapshot, uint64_t unit)
{
    const struct reader_superslab *superslab = &snapshot->superslabs[unit / snapshot->superslab_units];
    return superslab->dirty_units >> (unit % snapshot->superslab_units) & 1;
}

static bool page_is_resident(const struct reader_snapshot *snapshot, size_t page)
{
    if (snapshot->resident_map)
        return page < snapshot->page_count && reader_bit(snapshot->resident_map, page);
    return unit_is_dirty(snapshot, (uint64_t)page * snapshot->page_bytes >> READER_UNIT_LOG2);
}

static bool page_is_surplus(const struct reader_snapshot *snapshot, size_t page)
{
    return reader_bit(snapshot->surplus_map, page);
}

uint64_t reader_resident_bytes(const struct reader_snapshot *snapshot, uint64_t start, uint64_t end)
{
    uint64_t bytes = 0, size = snapshot->page_bytes;
    for (uint64_t at = start - snapshot->base; at < end - snapshot->base; at = align_down(at, size) + size)
        if (page_is_resident(snapshot, at / size))
            bytes += size_min(end - snapshot->base, align_down(at, size) + size) - at;
    return bytes;
}

/* As reader_resident_bytes, without pages that only a huge page holds. */
static uint64_t used_bytes(const struct reader_snapshot *snapshot, uint64_t start, uint64_t end)
{
    uint64_t bytes = 0, size = snapshot->page_bytes;
    for (uint64_t at = start - snapshot->base; at < end - snapshot->base; at = align_down(at, size) + size)
        if (page_is_resident(snapshot, at / size) && !page_is_surplus(snapshot, at / size))
            bytes += size_min(end - snapshot->base, align_down(at, size) + size) - at;
    return bytes;
}

/* Adds the resident pages of some units; free ones on a huge page to that part. */
static void add_units(const struct reader_snapshot *snapshot, struct reader_parts *parts, uint64_t unit,
                      uint64_t units, enum reader_part part, bool in_use)
{
    size_t first = (size_t)((unit << READER_UNIT_LOG2) / snapshot->page_bytes);
    size_t end = (size_t)(((unit + units) << READER_UNIT_LOG2) / snapshot->page_bytes);
    for (size_t page = first; page < end; page++)
        if (page_is_resident(snapshot, page))
            parts->bytes[!in_use && page_is_surplus(snapshot, page) ? PART_HUGE_PAGES : part] +=
                snapshot->page_bytes;
}

/* ---- slabs */

/* Bits set in [from, to). */
static unsigned count_range(const uint64_t *map, unsigned from, unsigned to)
{
    unsigned bits = 0;
    while (map && from < to) {
        unsigned in_word = (unsigned)size_min(64 - from % 64, to - from);
        bits += bit_count(map[from / 64] >> (from % 64) & bits_below(in_word));
        from += in_word;
    }
    return bits;
}

/* Bytes of one page, by the state of the block that they belong to; what is behind the last block is free. */
struct page_bytes {
    uint64_t state[READER_CACHED + 1];
};

static void add_whole_blocks(const struct reader_slab *slab, unsigned from, unsigned to, uint64_t size,
                             struct page_bytes *bytes)
{
    unsigned free_blocks = count_range(slab->free_map, from, to);
    unsigned published = count_range(slab->published_map, from, to);
    unsigned cached = count_range(slab->cached_map, from, to);
    bytes->state[READER_FREE] += free_blocks * size;
    bytes->state[READER_PUBLISHED] += published * size;
    bytes->state[READER_CACHED] += cached * size;
    bytes->state[READER_LIVE] += (to - from - free_blocks - published - cached) * size;
}

/* The page's bytes [from, to), offsets in the slab. */
static void divide_page(const struct reader_slab *slab, uint64_t from, uint64_t to, struct page_bytes *bytes)
{
    uint64_t size = reader_class_bytes(slab->size_class), end = size * slab->blocks;
    if (to > end) {
        bytes->state[READER_FREE] += to - size_max(from, end);
        to = end;
    }
    if (from >= to)
        return;
    unsigned first = (unsigned)((from + size - 1) / size), last = (unsigned)(to / size);
    if (first > last) { /* inside one block */
        bytes->state[reader_slab_state(slab, last)] += to - from;
        return;
    }
    if (from % size)
        bytes->state[reader_slab_state(slab, first - 1)] += first * size - from;
    add_whole_blocks(slab, first, last, size, bytes);
    if (to % size)
        bytes->state[reader_slab_state(slab, last)] += to - last * size;
}

static void add_page(const struct reader_snapshot *snapshot, const struct reader_slab *slab, size_t page,
                     struct page_bytes *bytes, struct reader_parts *parts)
{
    struct reader_class_parts *class = &parts->classes[slab->size_class];
    bool in_use = bytes->state[READER_LIVE] || bytes->state[READER_PUBLISHED] || bytes->state[READER_CACHED];
    uint64_t free_bytes = bytes->state[READER_FREE];
    if (page_is_surplus(snapshot, page)) {
        parts->bytes[PART_HUGE_PAGES] += free_bytes + bytes->state[READER_CACHED];
        class->huge_page_bytes += free_bytes + bytes->state[READER_CACHED];
        return;
    }
    parts->bytes[PART_LIVE_SLABS] += bytes->state[READER_LIVE];
    parts->bytes[PART_PUBLISHED] += bytes->state[READER_PUBLISHED];
    class->live_bytes += bytes->state[READER_LIVE];
    if (in_use) {
        parts->bytes[PART_PINNED] += free_bytes;
        class->pinned_bytes += free_bytes;
    } else {
        parts->bytes[PART_FREE_PAGES] += free_bytes;
        class->free_page_bytes += free_bytes;
    }
    if (slab->cached_blocks + slab->published_blocks > 0 && reader_slab_live(slab) == 0)
        parts->behind_bytes[slab->cached_blocks < slab->published_blocks] += free_bytes;
}

static void add_slab(const struct reader_snapshot *snapshot, const struct reader_slab *slab,
                     struct reader_parts *parts)
{
    struct reader_class_parts *class = &parts->classes[slab->size_class];
    uint64_t offset = (uint64_t)slab->unit << READER_UNIT_LOG2,
             slab_bytes = (uint64_t)slab->units << READER_UNIT_LOG2;
    class->slabs++;
    class->blocks += slab->blocks;
    class->live_blocks += reader_slab_live(slab);
    class->free_blocks += slab->free_blocks;
    class->published_blocks += slab->published_blocks;
    class->cached_blocks += slab->cached_blocks;
    for (uint64_t at = 0; at < slab_bytes; at += snapshot->page_bytes) {
        size_t page = (size_t)((offset + at) / snapshot->page_bytes);
        struct page_bytes bytes = {{0}};
        if (!page_is_resident(snapshot, page))
            continue;
        divide_page(slab, at, size_min(at + snapshot->page_bytes, slab_bytes), &bytes);
        add_page(snapshot, slab, page, &bytes, parts);
    }
}

/* Half the step from the class below to this one, for each live block. */
static uint64_t rounding(unsigned size_class, uint64_t live_bytes)
{
    uint64_t size = reader_class_bytes(size_class);
    uint64_t step = size - (size_class ? reader_class_bytes(size_class - 1) : 0);
    return live_bytes / size * (step / 2);
}

static void add_slabs(const struct reader_snapshot *snapshot, struct reader_parts *parts)
{
    for (size_t i = 0; i < snapshot->slab_count; i++)
        add_slab(snapshot, &snapshot->slabs[i], parts);
    for (unsigned c = 0; c < READER_CLASSES; c++)
        parts->rounding_bytes += rounding(c, parts->classes[c].live_bytes);
}

/* ---- caches */

static struct reader_heap_parts *heap_parts(const struct reader_snapshot *snapshot,
                                            struct reader_parts *parts, uint32_t number)
{
    const struct reader_heap *heap = number ? reader_find_heap(snapshot, number) : NULL;
    return heap ? &parts->heaps[heap - snapshot->heaps] : NULL;
}

static void add_cached(const struct reader_snapshot *snapshot, const struct reader_cached *cached,
                       struct reader_parts *parts)
{
    static const enum reader_part part_of[] = {[READER_FASTCACHE] = PART_FASTCACHES,
                                               [READER_MAGAZINE] = PART_MAGAZINES,
                                               [READER_DEPOT] = PART_DEPOT};
    struct reader_heap_parts *heap = heap_parts(snapshot, parts, cached->heap);
    uint64_t end = cached->address + reader_class_bytes(cached->size_class);
    uint64_t bytes = used_bytes(snapshot, cached->address, end);
    parts->bytes[part_of[cached->cache]] += bytes;
    if (heap && cached->cache == READER_FASTCACHE) {
        heap->fastcache_bytes += bytes;
        heap->fastcache_blocks++;
    } else if (heap) {
        heap->magazine_bytes += bytes;
    }
}

static void add_caches(const struct reader_snapshot *snapshot, struct reader_parts *parts)
{
    for (size_t i = 0; i < snapshot->heap_count; i++)
        parts->heaps[i].heap = snapshot->heaps[i].number;
    for (size_t i = 0; i < snapshot->cached_count; i++)
        add_cached(snapshot, &snapshot->cached[i], parts);
}

/* ---- what has no slab */

/* What has no live block is inaccessible and given back, unless the kernel says otherwise. */
static void add_guarded(const struct reader_snapshot *snapshot, struct reader_parts *parts, uint64_t unit)
{
    uint64_t start = unit << READER_UNIT_LOG2;
    for (uint64_t at = start; at < start + READER_UNIT_BYTES; at += snapshot->page_bytes) {
        bool live = reader_page_has_guarded(snapshot, snapshot->base + at);
        if ((live || snapshot->resident_map) && page_is_resident(snapshot, at / snapshot->page_bytes))
            parts->bytes[live ? PART_LIVE_RUNS : PART_FREE_PAGES] += snapshot->page_bytes;
    }
}

static void add_runs(const struct reader_snapshot *snapshot, struct reader_parts *parts)
{
    for (size_t i = 0; i < snapshot->run_count; i++) {
        const struct reader_run *run = &snapshot->runs[i];
        if (run->guarded) {
            add_guarded(snapshot, parts, run->unit);
            continue;
        }
        uint64_t before = parts->bytes[PART_CACHED_RUNS];
        add_units(snapshot, parts, run->unit, run->units, run->cached ? PART_CACHED_RUNS : PART_LIVE_RUNS,
                  !run->cached);
        struct reader_heap_parts *heap = run->cached ? heap_parts(snapshot, parts, run->heap) : NULL;
        if (heap)
            heap->run_bytes += parts->bytes[PART_CACHED_RUNS] - before;
    }
}

static void mark_used(const struct reader_snapshot *snapshot, uint64_t *used)
{
    for (size_t i = 0; i < snapshot->slab_count; i++)
        for (uint64_t unit = snapshot->slabs[i].unit, left = snapshot->slabs[i].units; left; unit++, left--)
            used[unit / 64] |= UINT64_C(1) << (unit % 64);
    for (size_t i = 0; i < snapshot->run_count; i++)
        for (uint64_t unit = snapshot->runs[i].unit, left = snapshot->runs[i].units; left; unit++, left--)
            used[unit / 64] |= UINT64_C(1) << (unit % 64);
}

/* A SuperSlab's units that no slab and no run has; behind what is mapped of it lies something else. */
static void add_superslab(const struct reader_snapshot *snapshot, const uint64_t *used, size_t number,
                          enum reader_part part, struct reader_parts *parts)
{
    uint64_t first = (uint64_t)number * snapshot->superslab_units;
    uint64_t end = size_min(first + snapshot->superslab_units, snapshot->units);
    uint64_t mapped_end = first + snapshot->superslabs[number].units;
    for (uint64_t unit = first; unit < end; unit++)
        if (!reader_bit(used, (size_t)unit))
            add_units(snapshot, parts, unit, 1, unit < mapped_end ? part : PART_ANONYMOUS,
                      part != PART_FREE_UNITS);
}

static void add_superslabs(const struct reader_snapshot *snapshot, const uint64_t *used,
                           struct reader_parts *parts)
{
    static const enum reader_part part_of[] = {
        [READER_SUPERSLAB_NONE] = PART_ANONYMOUS, [READER_SUPERSLAB_SHARED] = PART_FREE_UNITS,
        [READER_SUPERSLAB_HUGE] = PART_LIVE_HUGE, [READER_SUPERSLAB_WARM] = PART_LRU,
        [READER_SUPERSLAB_COLD] = PART_LRU,       [READER_SUPERSLAB_BUSY] = PART_LRU,
    };
    for (size_t i = 0; i < snapshot->superslab_count; i++)
        add_superslab(snapshot, used, i, part_of[snapshot->superslabs[i].kind], parts);
}

/* ---- the rest of the process */

static void add_mappings(const struct reader_snapshot *snapshot, struct reader_parts *parts)
{
    static const enum reader_part part_of[READER_MAPPING_KINDS] = {
        [READER_MAPPING_FILE] = PART_FILES,    [READER_MAPPING_STACK] = PART_STACKS,
        [READER_MAPPING_HEAP] = PART_BRK,      [READER_MAPPING_SHARED] = PART_SHARED,
        [READER_MAPPING_KERNEL] = PART_KERNEL, [READER_MAPPING_ANONYMOUS] = PART_ANONYMOUS,
    };
    for (size_t i = 0; i < snapshot->mapping_count; i++) {
        const struct reader_mapping *mapping = &snapshot->mappings[i];
        if (mapping->kind != READER_MAPPING_PAYLOAD && mapping->kind != READER_MAPPING_METADATA)
            parts->bytes[part_of[mapping->kind]] += mapping->rss_bytes;
    }
    for (int kind = 0; kind < READER_METADATA_KINDS; kind++)
        parts->bytes[PART_METADATA] += snapshot->metadata[kind].resident_bytes;
}

bool reader_take_apart(struct reader_snapshot *snapshot, struct reader_parts *parts)
{
    *parts = (struct reader_parts){.exact = snapshot->residency == READER_RESIDENCY_EXACT};
    uint64_t *used = memory_take(snapshot->memory, (size_t)snapshot->units / 64 + 1, sizeof *used);
    parts->heaps = memory_take(snapshot->memory, snapshot->heap_count, sizeof *parts->heaps);
    if (!used || !parts->heaps)
        return false;
    parts->heap_count = snapshot->heap_count;
    mark_used(snapshot, used);
    add_slabs(snapshot, parts);
    add_caches(snapshot, parts);
    add_runs(snapshot, parts);
    add_superslabs(snapshot, used, parts);
    add_mappings(snapshot, parts);
    for (int part = 0; part < READER_PARTS; part++)
        parts->sum_bytes += parts->bytes[part];
    return true;
}
