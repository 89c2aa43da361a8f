/* thrift.h - HAKMEM_THRIFT: a heap gives back before it grows, so that the most it ever holds is little more
 * than what its program needs. For page faults: some of what goes is touched again.
 *
 * Before memory is touched that was not resident, and so much is by now as the mark says, the thread whose
 * request that is gives back what is free: its caches, holes, free units, the LRU. The next mark is a little
 * above what is left, and in any case above the mark before, so the passes of a process are numbered,
 * whatever it does: some thousand. They also end when the memory that was touched between them, again for the
 * most part, is several times what was needed at most: then giving back earns nothing.
 *
 * By default, which is to cost next to nothing, runs of two units and more have it done, in a heap that is
 * neither small nor large, of which more must be free; and refills where a quarter is, or 2 MiB, in no cache,
 * that the pass before did not leave. Then the mark only says when to look, and falls with what a pass
 * leaves: a pass is made where what is in use, cached blocks left out, is a share above that of the pass
 * before, so there are some hundred. There is none once those before it, by an estimate from what they gave
 * back and what was touched again, cost the sum of an allowance, a small share of the time since the process
 * began, and half of what the page faults of the heap's growth cost. What realloc moves has less done: it
 * leaves room behind at once.
 *
 * A pass is a step of the scavenger's (its lock), which somebody else makes. Where that is under way already,
 * there is none; nor in a thread that blocks signals, since so does a handler's, which may have interrupted
 * the few instructions that put a block on a cache or take it. */
#ifndef HAKMEM_HEAP_THRIFT_H
#define HAKMEM_HEAP_THRIFT_H

#include "heap/heap.h"
#include "pool/pool.h"

enum {
    THRIFT_RUN_UNITS = 2,                  /* that make a pass by default, */
    THRIFT_MOST_BYTES = 256 * 1024 * 1024, /* in a heap of so much at most */
};

/* Each has a mark of its own. */
enum thrift_growth {
    THRIFT_GROWTH_ANY,   /* with HAKMEM_THRIFT=always; */
    THRIFT_GROWTH_SLABS, /* by default */
    THRIFT_GROWTH_RUNS,
    THRIFT_GROWTHS,
};

/* Resident bytes of payload before the next look. */
extern _Atomic size_t thrift_marks[THRIFT_GROWTHS] HIDDEN;

/* By default a pass needs so much in use, which is what is resident without cached blocks: a share above what
 * was in use at the pass before, so that passes are few. [lock: scavenger] */
extern size_t thrift_used_marks[THRIFT_GROWTHS] HIDDEN;

/* When the process began, as clock_coarse_ms() says; 0: not known, the allowance is all. */
extern uint64_t thrift_began_ms HIDDEN;

/* The process begins: it is loaded, or a fork's child. */
void thrift_begin(void) HIDDEN;
void thrift_fork_child(void) HIDDEN;

/* The mark is reached by `units` more that are to come from the pool, or (0) by pages of slabs. Returns bytes
 * given back. */
size_t thrift_note_growth(struct heap *heap, size_t units) HIDDEN COLD;

static inline enum thrift_growth thrift_growth_of(size_t units)
{
    if (OPTION_VALUE(thrift) == THRIFT_ALWAYS)
        return THRIFT_GROWTH_ANY;
    return units ? THRIFT_GROWTH_RUNS : THRIFT_GROWTH_SLABS;
}

/* Whether so many more resident units would reach their mark. */
static inline bool thrift_is_due(size_t units)
{
    enum thrift_growth growth = thrift_growth_of(units);
    bool of_note = units == 0 || (units >= THRIFT_RUN_UNITS && units <= RUN_MAX_UNITS);
    if (growth != THRIFT_GROWTH_ANY && (OPTION_VALUE(thrift) == THRIFT_NEVER || !of_note))
        return false;
    size_t bytes = pool_resident_bytes() + units * UNIT_BYTES;
    size_t most = growth == THRIFT_GROWTH_ANY ? SIZE_MAX : THRIFT_MOST_BYTES;
    return unlikely(bytes > atomic_load_explicit(&thrift_marks[growth], memory_order_relaxed)) &&
           bytes <= most;
}

/* Called before memory is taken from slabs or the pool, by the heap's thread, inside, without a lock. */
static inline void thrift_watch(struct heap *heap, size_t units)
{
    if (thrift_is_due(units) && heap)
        thrift_note_growth(heap, units);
}

#endif
