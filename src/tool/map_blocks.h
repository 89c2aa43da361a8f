/* map_blocks.h - the state of every block of slabs that are in part live, as bits, for the map's page.
 *
 * Slabs that are wholly live or wholly free need none. Where the limit does not suffice, the emptiest
 * slabs come first: those are what one looks for. */
#ifndef HAKMEM_TOOL_MAP_BLOCKS_H
#define HAKMEM_TOOL_MAP_BLOCKS_H

#include "page.h"
#include "reader/reader.h"

struct map_blocks {
    size_t partial_slabs; /* that have such blocks, */
    size_t slabs;         /* and of these, with bits within the limit */
};

/* Adds the arrays block_unit, block_offset, block_flags and block_bits. */
struct map_blocks map_blocks_add(struct page_data *data, const struct reader_snapshot *snapshot,
                                 size_t limit_bytes);

#endif
