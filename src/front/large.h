/* large.h - blocks without a slab: runs of 1..16 units from the shared pool, and huge blocks of whole
 * SuperSlabs. They belong to no heap; their tags say what they are. No function here sets errno. */
#ifndef HAKMEM_FRONT_LARGE_H
#define HAKMEM_FRONT_LARGE_H

#include "base/config.h"

/* A block of more than SLAB_MAX_BYTES, or so aligned; size at most PTRDIFF_MAX. NULL: no memory. */
void *large_malloc(size_t size, size_t align, bool zeroed) HIDDEN;

/* Frees the block at p, whose unit's tag has no owner. Misuse is reported. */
void large_free(void *p, size_t unit, uint32_t tag) HIDDEN;

/* Usable bytes of the block at p; 0 when there is none. */
size_t large_usable_size(const void *p, size_t unit, uint32_t tag) HIDDEN;

/* Makes the block hold `size` bytes (above SLAB_MAX_BYTES) where it is, or, if it is huge, by moving its
 * pages; returns where it is now. NULL: it could not, and the block is as it was. */
void *large_resize(void *p, size_t size) HIDDEN;

/* What a large_malloc of this size would really hold. */
size_t large_good_size(size_t size) HIDDEN;

#endif
