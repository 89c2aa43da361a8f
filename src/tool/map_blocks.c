/* map_blocks.c - chooses slabs and packs their bits. */
#include "map_blocks.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCKS_CACHED = 1, BLOCKS_PUBLISHED = 2 }; /* flags: a plane of bits follows for these */

static bool is_partial(const struct reader_slab *slab)
{
    unsigned live = reader_slab_live(slab);
    return live != slab->blocks && (live || slab->cached_blocks || slab->published_blocks);
}

static size_t plane_bytes(const struct reader_slab *slab)
{
    return ((size_t)slab->blocks + 7) / 8;
}

static size_t slab_bytes(const struct reader_slab *slab)
{
    return plane_bytes(slab) * (1u + (slab->cached_blocks > 0) + (slab->published_blocks > 0));
}

static int compare_live_part(const void *a, const void *b)
{
    const struct reader_slab *x = *(const struct reader_slab *const *)a;
    const struct reader_slab *y = *(const struct reader_slab *const *)b;
    uint64_t part_x = (uint64_t)reader_slab_live(x) * y->blocks;
    uint64_t part_y = (uint64_t)reader_slab_live(y) * x->blocks;
    return (part_x > part_y) - (part_x < part_y);
}

static int compare_address(const void *a, const void *b)
{
    const struct reader_slab *x = *(const struct reader_slab *const *)a;
    const struct reader_slab *y = *(const struct reader_slab *const *)b;
    return (x->unit > y->unit) - (x->unit < y->unit);
}

static void plane_put(uint8_t *plane, const uint64_t *map, size_t blocks)
{
    for (size_t i = 0; map && i < blocks; i++)
        if (reader_bit(map, i))
            plane[i / 8] |= (uint8_t)(1u << i % 8);
}

static uint8_t planes_put(uint8_t *bits, const struct reader_slab *slab)
{
    size_t plane = plane_bytes(slab);
    plane_put(bits, slab->free_map, slab->blocks);
    plane_put(bits, slab->cached_map, slab->blocks);
    plane_put(bits, slab->published_map, slab->blocks);
    if (slab->cached_blocks)
        plane_put(bits += plane, slab->cached_map, slab->blocks);
    if (slab->published_blocks)
        plane_put(bits + plane, slab->published_map, slab->blocks);
    return (uint8_t)((slab->cached_blocks ? BLOCKS_CACHED : 0) |
                     (slab->published_blocks ? BLOCKS_PUBLISHED : 0));
}

static void chosen_add(struct page_data *data, const struct reader_slab *const *slab, size_t count,
                       size_t bytes)
{
    uint32_t *unit = memory_resize(NULL, count, sizeof *unit),
             *offset = memory_resize(NULL, count, sizeof *offset);
    uint8_t *flags = memory_resize(NULL, count, 1), *bits = memory_resize(NULL, bytes, 1);
    size_t used = 0;
    memset(bits, 0, bytes);
    for (size_t i = 0; i < count; i++) {
        unit[i] = slab[i]->unit;
        offset[i] = (uint32_t)used;
        flags[i] = planes_put(bits + used, slab[i]);
        used += slab_bytes(slab[i]);
    }
    page_data_add(data, "block_unit", PAGE_U32, unit, count, sizeof *unit);
    page_data_add(data, "block_offset", PAGE_U32, offset, count, sizeof *offset);
    page_data_add(data, "block_flags", PAGE_U8, flags, count, 1);
    page_data_add(data, "block_bits", PAGE_U8, bits, used, 1);
    free(unit);
    free(offset);
    free(flags);
    free(bits);
}

struct map_blocks map_blocks_add(struct page_data *data, const struct reader_snapshot *snapshot,
                                 size_t limit_bytes)
{
    const struct reader_slab **partial = memory_resize(NULL, snapshot->slab_count, sizeof *partial);
    struct map_blocks blocks = {0, 0};
    size_t bytes = 0;
    for (size_t i = 0; i < snapshot->slab_count; i++)
        if (is_partial(&snapshot->slabs[i]))
            partial[blocks.partial_slabs++] = &snapshot->slabs[i];
    qsort(partial, blocks.partial_slabs, sizeof *partial, compare_live_part);
    while (blocks.slabs < blocks.partial_slabs && bytes + slab_bytes(partial[blocks.slabs]) <= limit_bytes)
        bytes += slab_bytes(partial[blocks.slabs++]);
    qsort(partial, blocks.slabs, sizeof *partial, compare_address);
    chosen_add(data, partial, blocks.slabs, bytes);
    free(partial);
    return blocks;
}
