#include "reader/cap.h"

#include <stdlib.h>

#include "base/bits.h"

enum { CAP_LEAST = 8 };

/* Slabs without a live block that a heap's FastCache of one class keeps. */
struct kept_slabs {
    uint64_t slabs, resident_bytes;
};

/* For each heap and class; NULL: no memory. */
static struct kept_slabs *find_kept_slabs(const struct reader_snapshot *snapshot)
{
    struct kept_slabs *kept = calloc(snapshot->heap_count * READER_CLASSES + 1, sizeof *kept);
    for (size_t i = 0; kept && i < snapshot->slab_count; i++) {
        const struct reader_slab *slab = &snapshot->slabs[i];
        const struct reader_heap *heap = reader_find_heap(snapshot, slab->heap);
        if (!heap || !slab->cached_blocks || reader_slab_live(slab))
            continue;
        struct kept_slabs *at = &kept[(size_t)(heap - snapshot->heaps) * READER_CLASSES + slab->size_class];
        uint64_t start = reader_unit_address(snapshot, slab->unit);
        at->slabs++;
        at->resident_bytes += reader_resident_bytes(snapshot, start,
                                                    start + slab->units * (uint64_t)READER_UNIT_BYTES);
    }
    return kept;
}

/* What a cap of `cap` blocks gives back, in one heap and class: its blocks are spread over the slabs as
 * now, and one slab stays. */
static uint64_t gain_of_class(const struct kept_slabs *kept, uint32_t cached_blocks, uint32_t cap)
{
    if (cached_blocks <= cap || kept->slabs == 0)
        return 0;
    uint64_t needed = size_max(1, (kept->slabs * cap + cached_blocks - 1) / cached_blocks);
    return kept->resident_bytes / kept->slabs * (kept->slabs - needed);
}

static uint64_t gain_of_cap(const struct reader_snapshot *snapshot, const struct kept_slabs *kept,
                            uint32_t cap)
{
    uint64_t gain_bytes = 0;
    for (size_t i = 0; i < snapshot->heap_count; i++)
        for (unsigned c = 0; c < READER_CLASSES; c++)
            gain_bytes += gain_of_class(&kept[i * READER_CLASSES + c],
                                        snapshot->heaps[i].classes[c].cached_blocks, cap);
    return gain_bytes;
}

uint32_t cap_choose(const struct reader_snapshot *snapshot, uint64_t *gain_bytes)
{
    struct kept_slabs *kept = find_kept_slabs(snapshot);
    uint32_t cap = 256;
    *gain_bytes = 0;
    if (!kept)
        return 0;
    reader_option(snapshot, "fc_cap", &cap);
    uint64_t best_bytes = gain_of_cap(snapshot, kept, CAP_LEAST);
    while (cap / 2 >= CAP_LEAST && *gain_bytes < best_bytes / 10 * 9) {
        cap /= 2;
        *gain_bytes = gain_of_cap(snapshot, kept, cap);
    }
    free(kept);
    return cap;
}
