/* map_cells.c - fills the cells from a snapshot's SuperSlabs, then its slabs, runs and huge blocks. */
#include "map_cells.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t ALL_LIVE = ~(uint64_t)0;

static enum map_kind free_kind(const struct reader_superslab *superslab, unsigned unit)
{
    switch (superslab->kind) {
    case READER_SUPERSLAB_SHARED: return superslab->dirty_units >> unit & 1 ? MAP_DIRTY : MAP_COLD;
    case READER_SUPERSLAB_HUGE: return MAP_HUGE_INNER;
    case READER_SUPERSLAB_WARM: return MAP_WARM;
    case READER_SUPERSLAB_COLD: return MAP_COLD;
    case READER_SUPERSLAB_BUSY: return MAP_BUSY;
    default: return MAP_NONE;
    }
}

static void superslabs_fill(struct map_cells *cells, const struct reader_snapshot *snapshot)
{
    for (size_t unit = 0; unit < cells->units; unit++) {
        size_t number = unit / snapshot->superslab_units;
        unsigned inside = (unsigned)(unit % snapshot->superslab_units);
        cells->cell[unit].heap = MAP_NO_HEAP;
        if (number < snapshot->superslab_count)
            cells->cell[unit].kind = (uint8_t)free_kind(&snapshot->superslabs[number], inside);
    }
}

static uint16_t heap_index(const struct reader_snapshot *snapshot, uint32_t number)
{
    const struct reader_heap *heap = reader_find_heap(snapshot, number);
    size_t index = heap ? (size_t)(heap - snapshot->heaps) : MAP_NO_HEAP;
    return (uint16_t)(index < MAP_NO_HEAP ? index : MAP_NO_HEAP);
}

static uint64_t map_word(const uint64_t *map, size_t word)
{
    return map ? map[word] : 0;
}

/* Blocks of [from, to) that are live. */
static unsigned live_between(const struct reader_slab *slab, size_t from, size_t to)
{
    unsigned live = 0;
    for (size_t word = from / 64; word * 64 < to; word++) {
        uint64_t taken = ~(map_word(slab->free_map, word) | map_word(slab->published_map, word) |
                           map_word(slab->cached_map, word));
        if (word == from / 64)
            taken &= ALL_LIVE << from % 64;
        if (to < (word + 1) * 64)
            taken &= ~(ALL_LIVE << to % 64);
        live += (unsigned)__builtin_popcountll(taken);
    }
    return live;
}

/* 0 when no block on the page is live, 15 when all are, and in between what is nearest. */
static unsigned page_level(const struct reader_slab *slab, size_t start_bytes, size_t bytes)
{
    size_t size = reader_class_bytes(slab->size_class);
    size_t from = start_bytes / size, to = (start_bytes + bytes + size - 1) / size;
    if (to > slab->blocks)
        to = slab->blocks;
    unsigned live = from < to ? live_between(slab, from, to) : 0;
    unsigned level = live ? (unsigned)((15 * live + (to - from) / 2) / (to - from)) : 0;
    return live && level == 0 ? 1 : level;
}

static uint64_t slab_pages(const struct reader_slab *slab, unsigned unit)
{
    unsigned live = reader_slab_live(slab);
    size_t page_bytes = READER_UNIT_BYTES / MAP_UNIT_PAGES;
    uint64_t pages = 0;
    if (live == 0 || live == slab->blocks)
        return live ? ALL_LIVE : 0;
    for (unsigned page = 0; page < MAP_UNIT_PAGES; page++)
        pages |= (uint64_t)page_level(slab, unit * (size_t)READER_UNIT_BYTES + page * page_bytes, page_bytes)
                 << 4 * page;
    return pages;
}

static void slab_fill(struct map_cells *cells, const struct reader_snapshot *snapshot,
                      const struct reader_slab *slab)
{
    uint16_t heap = heap_index(snapshot, slab->heap);
    for (unsigned i = 0; i < slab->units && slab->unit + i < cells->units; i++) {
        struct map_cell *cell = &cells->cell[slab->unit + i];
        cell->kind = i ? MAP_SLAB_INNER : MAP_SLAB;
        cell->size_class = slab->size_class;
        cell->heap = heap;
        cell->pages = slab_pages(slab, i);
        cell->flags = slab->torn ? MAP_TORN : 0;
    }
    if (slab->unit >= cells->units)
        return;
    struct map_cell *first = &cells->cell[slab->unit];
    first->live = (uint16_t)reader_slab_live(slab);
    first->published = slab->published_blocks;
    first->cached = slab->cached_blocks;
}

/* One large block: a run, or whole SuperSlabs. */
static void block_fill(struct map_cells *cells, size_t unit, size_t units, enum map_kind first,
                       enum map_kind others)
{
    for (size_t i = 0; i < units && unit + i < cells->units; i++) {
        cells->cell[unit + i].kind = (uint8_t)(i ? others : first);
        cells->cell[unit + i].pages = first == MAP_RUN_CACHED ? 0 : ALL_LIVE;
        cells->cell[unit + i].live = i == 0 && first != MAP_RUN_CACHED;
    }
}

static void run_fill(struct map_cells *cells, const struct reader_snapshot *snapshot,
                     const struct reader_run *run)
{
    enum map_kind first = run->cached ? MAP_RUN_CACHED : MAP_RUN;
    block_fill(cells, run->unit, run->units, first, run->cached ? MAP_RUN_CACHED : MAP_RUN_INNER);
    if (run->unit >= cells->units)
        return;
    cells->cell[run->unit].size_class = run->units;
    cells->cell[run->unit].heap = heap_index(snapshot, run->heap);
}

static bool any_set(const uint64_t *map, size_t from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (reader_bit(map, from + i))
            return true;
    return false;
}

/* The kernel's pages are larger than sixteenths of a unit on some machines. */
static void residency_fill(struct map_cells *cells, const struct reader_snapshot *snapshot)
{
    size_t page_bytes = snapshot->page_bytes ? snapshot->page_bytes : 4096;
    size_t unit_pages = page_bytes < READER_UNIT_BYTES ? READER_UNIT_BYTES / page_bytes : 1;
    for (size_t unit = 0; unit < cells->units && (unit + 1) * unit_pages <= snapshot->page_count; unit++) {
        for (size_t page = 0; page < MAP_UNIT_PAGES; page++)
            if (reader_bit(snapshot->resident_map, unit * unit_pages + page * unit_pages / MAP_UNIT_PAGES))
                cells->cell[unit].resident |= (uint16_t)(1u << page);
        if (snapshot->huge_page_map && any_set(snapshot->huge_page_map, unit * unit_pages, unit_pages))
            cells->cell[unit].flags |= MAP_HUGE_PAGE;
    }
}

void map_cells_make(struct map_cells *cells, const struct reader_snapshot *snapshot)
{
    cells->units = snapshot->units;
    cells->cell = memory_resize(NULL, cells->units, sizeof *cells->cell);
    memset(cells->cell, 0, cells->units * sizeof *cells->cell);
    superslabs_fill(cells, snapshot);
    for (size_t i = 0; i < snapshot->slab_count; i++)
        slab_fill(cells, snapshot, &snapshot->slabs[i]);
    for (size_t i = 0; i < snapshot->run_count; i++)
        run_fill(cells, snapshot, &snapshot->runs[i]);
    for (size_t i = 0; i < snapshot->huge_count; i++)
        block_fill(cells, (size_t)snapshot->huges[i].superslab * snapshot->superslab_units,
                   (size_t)snapshot->huges[i].superslabs * snapshot->superslab_units, MAP_HUGE,
                   MAP_HUGE_INNER);
    if (snapshot->resident_map)
        residency_fill(cells, snapshot);
}

void map_cells_free(struct map_cells *cells)
{
    free(cells->cell);
    *cells = (struct map_cells){NULL, 0};
}

static uint64_t *total_of(struct map_totals *totals, enum reader_part part)
{
    switch (part) {
    case PART_LIVE_SLABS:
    case PART_LIVE_RUNS:
    case PART_LIVE_HUGE: return &totals->live_bytes;
    case PART_PINNED:
    case PART_FREE_PAGES:
    case PART_HUGE_PAGES: return &totals->free_bytes;
    case PART_FASTCACHES:
    case PART_MAGAZINES:
    case PART_DEPOT:
    case PART_PUBLISHED: return &totals->cached_bytes;
    case PART_CACHED_RUNS:
    case PART_FREE_UNITS:
    case PART_LRU: return &totals->kept_bytes;
    case PART_METADATA: return &totals->metadata_bytes;
    default: return &totals->other_bytes;
    }
}

bool map_totals_make(struct map_totals *totals, struct reader_snapshot *snapshot)
{
    struct reader_parts parts;
    *totals = (struct map_totals){.rss_bytes = snapshot->rss_bytes};
    if (!reader_take_apart(snapshot, &parts))
        return false;
    for (int part = 0; part < READER_PARTS; part++)
        *total_of(totals, (enum reader_part)part) += parts.bytes[part];
    return true;
}
