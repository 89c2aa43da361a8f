/* thrift.h - HAKMEM_THRIFT=1: a heap gives back before it grows, so that the most it ever holds is little
 * more than what its program needs. For page faults: some of what goes is touched again.
 *
 * Before memory is touched that was not resident, and so much is by now as the mark says, the thread whose
 * request that is gives back what is free: its caches, holes, free units. The next mark is a little above
 * what is left, and in any case above the mark before, so the passes of a process are numbered, whatever it
 * does: some thousand. They also end when the memory that was touched between them, again for the most part,
 * is several times what was needed at most: then giving back earns nothing.
 *
 * A pass is a step of the scavenger's (its lock), which somebody else makes. Where that is under way already,
 * there is none. */
#ifndef HAKMEM_HEAP_THRIFT_H
#define HAKMEM_HEAP_THRIFT_H

#include "heap/heap.h"
#include "pool/pool.h"

/* Resident bytes of payload before the next pass. */
extern _Atomic size_t thrift_mark_bytes HIDDEN;

/* The mark is reached by `units` more that are to come from the pool, or (0) by pages of slabs. Returns bytes
 * given back. */
size_t thrift_note_growth(struct heap *heap, size_t units) HIDDEN COLD;

/* Called before memory is taken from slabs or the pool, by the heap's thread, inside, without a lock. */
static inline void thrift_watch(struct heap *heap, size_t units)
{
    if (likely(!OPTION_VALUE(thrift)))
        return;
    size_t mark = atomic_load_explicit(&thrift_mark_bytes, memory_order_relaxed);
    if (unlikely(pool_resident_bytes() + units * UNIT_BYTES > mark) && heap)
        thrift_note_growth(heap, units);
}

#endif
