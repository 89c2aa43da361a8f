/* map_cells.h - a snapshot as the map shows it: one cell for each unit (64 KiB) of the heap, in order of
 * address, and the parts of resident memory. */
#ifndef HAKMEM_TOOL_MAP_CELLS_H
#define HAKMEM_TOOL_MAP_CELLS_H

#include "reader/parts.h"

enum map_kind {
    MAP_NONE,  /* not HAKMEM's */
    MAP_COLD,  /* free, not in RAM or never touched */
    MAP_DIRTY, /* free in a SuperSlab that is in use, and perhaps in RAM */
    MAP_WARM,  /* free in an empty SuperSlab, kept in the LRU */
    MAP_SLAB,
    MAP_SLAB_INNER, /* the further units of a wide slab */
    MAP_RUN,
    MAP_RUN_INNER,
    MAP_RUN_CACHED, /* free, kept by a heap: each of its units */
    MAP_HUGE,
    MAP_HUGE_INNER,
    MAP_BUSY, /* on its way to the kernel */
};

enum { MAP_TORN = 1, MAP_HUGE_PAGE = 2, MAP_NO_HEAP = 0xffff, MAP_UNIT_PAGES = 16 };

/* No padding, so that cells can be compared byte by byte. Pages are sixteenths of the unit. */
struct map_cell {
    uint64_t pages;                   /* four bits for each, lowest first: how much of it is live, 0..15 */
    uint16_t live, published, cached; /* blocks, in a slab's first unit; live is 1 of a run or huge block */
    uint16_t resident;                /* a bit for each page */
    uint16_t heap;                    /* index of the owner in the snapshot's heaps; MAP_NO_HEAP: none */
    uint8_t kind;                     /* enum map_kind */
    uint8_t size_class;               /* of a slab's units; of the first of a run: its units */
    uint8_t flags;
    uint8_t unused[3];
};

struct map_cells {
    struct map_cell *cell;
    size_t units;
};

/* What the snapshot's resident memory is made of, in five heaps. */
struct map_totals {
    uint64_t rss_bytes; /* 0: unknown */
    uint64_t live_bytes, free_bytes, cached_bytes, kept_bytes, metadata_bytes, other_bytes;
};

void map_cells_make(struct map_cells *cells, const struct reader_snapshot *snapshot);
void map_cells_free(struct map_cells *cells);

/* False when there is no memory. */
bool map_totals_make(struct map_totals *totals, struct reader_snapshot *snapshot);

#endif
