/* fastcache.h - the FastCache: for each size class of a heap an array of free blocks used as a stack.
 *
 * malloc pops and free pushes without a call into this file; what is here is the miss and the overflow.
 * Capacity adapts: it starts small, doubles when an overflow follows a refill (thrash) or a refill a
 * refill, up to HAKMEM_FC_CAP blocks and FASTCACHE_MAX_BYTES. All [owner]. */
#ifndef HAKMEM_HEAP_FASTCACHE_H
#define HAKMEM_HEAP_FASTCACHE_H

#include "heap/heap.h"

/* Where top and limit point while a class has no stack: slot 0 of nothing, always NULL. */
extern void *const fastcache_none HIDDEN;

/* A block of a class whose FastCache is empty, and more blocks into the cache; NULL: no memory. */
void *fastcache_refill(struct heap *heap, unsigned size_class) HIDDEN;

/* Frees a block whose FastCache is full (or has no stack yet): makes room, and pushes. The block's slab
 * is the heap's own. */
void fastcache_push_full(struct heap *heap, unsigned size_class, void *block) HIDDEN;

/* Empties all FastCaches into the slabs. */
void fastcache_flush_all(struct heap *heap) HIDDEN;

static inline void **fastcache_bottom(const struct heap *heap, unsigned size_class)
{
    return heap->limit[size_class] - heap->capacity[size_class];
}

static inline size_t fastcache_blocks(const struct heap *heap, unsigned size_class)
{
    return (size_t)(heap->top[size_class] - fastcache_bottom(heap, size_class));
}

#endif
