/* collapse.h - huge pages for what is old and dense.
 *
 * In a large heap a SuperSlab whose units are all in use, with next to nothing free in its slabs for several
 * passes in a row, is made one huge page by the kernel (MADV_COLLAPSE, Linux 6.1): no more memory, and fewer
 * TLB misses. Where holes come up in it later it is split again before they are purged. */
#ifndef HAKMEM_HEAP_COLLAPSE_H
#define HAKMEM_HEAP_COLLAPSE_H

#include "heap/heap.h"

/* Looks at some SuperSlabs from number *superslab on, and moves it on; to 0 at the end of the heap. Called by
 * the scavenger, holding no lock. Returns how many huge pages were made; *more: there may be some later. */
size_t collapse_dense(size_t *superslab, bool *more) HIDDEN;

#endif
