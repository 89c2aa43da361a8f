#include "heap/audit.h"

#include <string.h>

#include "heap/fastcache.h"
#include "heap/misuse.h"

enum { AUDIT_BLOCKS = 4, AUDIT_CLASSES = 8 };

/* The oldest of the last blocks: where an audit of the stack begins. */
static void **first_of_last(const struct heap *heap, unsigned size_class)
{
    void **top = heap->top[size_class];
    return top + 1 - size_min(AUDIT_BLOCKS, fastcache_blocks(heap, size_class));
}

static bool is_among(void *const *first, void *const *end, const void *block)
{
    while (first < end && *first != block)
        first++;
    return first < end;
}

/* Whether the block's slab, one of the heap's own, knows it as free; [lock]. */
static bool is_free_in_slab(const struct heap *heap, struct slab_place place)
{
    return place.slab->owner == heap->number && slab_block_is_free(place.slab, place.index);
}

/* Reports what is wrong with a block in a FastCache, of which [first, slot) lie below it; [lock]. */
static bool is_wrong(const struct heap *heap, unsigned size_class, void *const *first, void *const *slot)
{
    const void *block = *slot;
    size_t unit = region_unit_of(block);
    uint32_t tag = region_tag(unit);
    if (tag < TAG_OWNED || tag % TAG_OWNED != size_class) {
        misuse_double_free(block);
        return true;
    }
    struct slab_place place = slab_place_of(block, unit);
    bool twice = place.exact && (is_among(first, slot, block) || is_free_in_slab(heap, place));
    if (!place.exact)
        misuse_inside_slab("free", block);
    else if (twice)
        misuse_double_free_of_block(block, class_size(size_class));
    return twice || !place.exact;
}

static void audit_class(struct heap *heap, unsigned size_class)
{
    heap_lock(heap);
    void **first = first_of_last(heap, size_class);
    for (void **slot = first; slot <= heap->top[size_class];) {
        if (likely(!is_wrong(heap, size_class, first, slot))) {
            slot++;
            continue;
        }
        memmove(slot, slot + 1, (size_t)(heap->top[size_class] - slot) * sizeof *slot);
        heap->top[size_class]--;
    }
    heap_unlock(heap);
}

void audit_classes(struct heap *heap)
{
    unsigned c = heap->audited;
    for (unsigned looked = 0, left = AUDIT_CLASSES; looked < SIZE_CLASSES && left; looked++) {
        c = (c + 1) % SIZE_CLASSES;
        if (!fastcache_blocks(heap, c))
            continue;
        audit_class(heap, c);
        left--;
    }
    heap->audited = (uint8_t)c;
}

bool audit_push(struct heap *heap, unsigned size_class, const void *block)
{
    if (likely(!is_among(first_of_last(heap, size_class), heap->top[size_class] + 1, block)))
        return true;
    misuse_double_free_of_block(block, class_size(size_class));
    return false;
}
