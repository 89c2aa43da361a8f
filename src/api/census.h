/* census.h - who holds which block: what statistics and the walk both read off the tags and maps. */
#ifndef HAKMEM_API_CENSUS_H
#define HAKMEM_API_CENSUS_H

#include "slab/slab.h"

/* A slab, run or huge block as it stood when it was visited. */
struct census_entry {
    uintptr_t address;
    size_t block_bytes;
    unsigned size_class; /* SIZE_CLASSES: a run or huge block */
    size_t away_bytes;   /* pages that were given back */
    unsigned blocks;
    uint64_t free_map[SLAB_MAP_BYTES / 8]; /* a bit for each block that is free or published */
};

/* How many of the entry's blocks the map calls free. */
static inline unsigned census_free_blocks(const struct census_entry *entry)
{
    unsigned blocks = 0;
    for (unsigned w = 0; w < (entry->blocks + 63) / 64; w++)
        blocks += bit_count(entry->free_map[w]);
    return blocks;
}

/* Visits all of them, lowest address first, each read under its owner's lock; stops when visit says
 * false. Blocks in FastCaches, magazines and the depot count as taken. The entry is only good during
 * the call. The caller holds no lock. */
bool census_visit(bool (*visit)(const struct census_entry *entry, void *argument), void *argument) HIDDEN;

/* The free blocks that the maps do not know: those in FastCaches, magazines and quarantine, where there are
 * large ones too (class SIZE_CLASSES). Calls visit with each array of them; those of other running threads
 * may change meanwhile. */
typedef void census_cached_fn(void *const *blocks, size_t n, size_t block_bytes, unsigned size_class,
                              void *argument);
void census_visit_cached(census_cached_fn *visit, void *argument) HIDDEN;

#endif
