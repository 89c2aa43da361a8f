/* misuse.h - what is said of a pointer that no free or realloc should have got: one line, then abort.
 * Callable with locks held: the thread then counts as holding them all, so that a handler of SIGABRT
 * that allocates does not wait for itself. */
#ifndef HAKMEM_HEAP_MISUSE_H
#define HAKMEM_HEAP_MISUSE_H

#include "slab/slab.h"

#define MISUSE HIDDEN COLD __attribute__((noreturn))

/* Blocks of a slab, by their bits in a word of its map, that were free already. */
void misuse_double_free_in_slab(const struct slab *slab, unsigned word, uint64_t bits) MISUSE;

/* p points into a slab, but not at the start of a block. */
void misuse_inside_slab(const void *p) MISUSE;

/* The start of a run or a huge block that is free already. */
void misuse_double_free(const void *p) MISUSE;

/* p lies in the region, in a unit whose tag has no owner, and is not the start of a block. */
void misuse_free(const void *p, size_t unit, uint32_t tag) MISUSE;

/* p is nobody's that we know. */
void misuse_foreign(const void *p) MISUSE;

#endif
