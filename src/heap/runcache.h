/* runcache.h - a heap's few freed runs, one of each of the shortest lengths, so that a buffer that comes
 * and goes does not go to the shared pool each time. Their units count as taken there, and have no tag.
 * [owner], but for runcache_release_quiet. */
#ifndef HAKMEM_HEAP_RUNCACHE_H
#define HAKMEM_HEAP_RUNCACHE_H

#include "heap/heap.h"

/* The unit of a cached run of `units` units, which then is the caller's; SIZE_MAX: none. */
size_t runcache_take(struct heap *heap, size_t units) HIDDEN;

/* Keeps a run whose tags are gone; false: not this length, or one is there already. */
bool runcache_put(struct heap *heap, size_t unit, size_t units) HIDDEN;

/* Gives to the pool what any heap has kept since the last time; [lock: scavenger] */
void runcache_release_quiet(struct heap *heap) HIDDEN;

/* Gives all to the pool. */
void runcache_flush(struct heap *heap) HIDDEN;

#endif
