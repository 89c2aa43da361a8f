/* arena.h - memory for a heap's own arrays: FastCache stacks and magazines.
 *
 * It comes first from what is left of the heap's two pages, then from cells of the region. Nothing goes
 * back but stacks, which a heap keeps by size for its other classes. [owner] */
#ifndef HAKMEM_HEAP_ARENA_H
#define HAKMEM_HEAP_ARENA_H

#include "heap/heap.h"

/* `bytes` of zeroed memory, 16-aligned, for good; NULL when there is none. */
void *arena_take(struct heap *heap, size_t bytes) HIDDEN;

/* A stack of `capacity` blocks (a power of two) and the slot 0 below them, which holds NULL: returns the
 * address of slot 0. NULL when there is no memory. */
void **arena_take_stack(struct heap *heap, unsigned capacity) HIDDEN;
void arena_give_stack(struct heap *heap, void **bottom, unsigned capacity) HIDDEN;

#endif
