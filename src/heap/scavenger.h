/* scavenger.h - free memory goes back to the kernel without a call of the program.
 *
 * A thread that exists only while there is something to give back: it is started from the slow paths of
 * free once enough is retained, passes over the heap twice a decay, and ends when two passes in a row
 * found nothing to do. A program of one thread is not given a second one before much is retained.
 *
 * A pass: depot magazines that nobody needed, inboxes and cached runs of all heaps, empty slabs kept for
 * later, holes (holes.h), free units and the LRU (pool.h). */
#ifndef HAKMEM_HEAP_SCAVENGER_H
#define HAKMEM_HEAP_SCAVENGER_H

#include "base/config.h"
#include "region/region.h"

struct scavenger_stats {
    _Atomic uint64_t starts, passes; /* threads started, passes made by them */
    _Atomic uint64_t purged_bytes;   /* given back: whole units and SuperSlabs by passes and trims, */
    _Atomic uint64_t holes_bytes;    /* and pages inside slabs */
    _Atomic uint64_t huge_pages;     /* asked for, of dense SuperSlabs */
};
extern struct scavenger_stats scavenger_stats HIDDEN;

/* Size of the heap at which the limits are looked at again; whether a thread is worth it. */
extern _Atomic size_t scavenger_watch_units HIDDEN;
extern _Atomic bool scavenger_wanted HIDDEN;
void scavenger_note_growth(void) HIDDEN;
void scavenger_start(void) HIDDEN;

/* Much memory was freed into slabs: a thread may be worth it. The caller holds no lock. */
void scavenger_poke(void) HIDDEN;

/* Called when the heap has grown: looks at the limits now and then. */
static inline void scavenger_watch(void)
{
    if (unlikely(region_units() > atomic_load_explicit(&scavenger_watch_units, memory_order_relaxed)))
        scavenger_note_growth();
}

/* At the end of a slow path, when the thread's heap is as it should be: to start a thread libc allocates.
 * Not where libc may free while it holds its lock of threads' stacks: see thread_loader_holds. */
static inline void scavenger_start_if_wanted(void)
{
    if (unlikely(atomic_load_explicit(&scavenger_wanted, memory_order_relaxed)))
        scavenger_start();
}

/* Options were changed: those that are the scavenger's count from now on. */
void scavenger_note_options(void) HIDDEN;

/* Has the pool leave its purging to the scavenger. */
void scavenger_init(void) HIDDEN;

/* Gives back all that can be, at once, in the calling thread: what registry_trim frees, holes, the pool.
 * Returns bytes. */
size_t scavenger_trim(void) HIDDEN;

/* Between the two no blocks are reserved by a step under way: for who reads maps. The caller holds no lock.
 */
void scavenger_hold(void) HIDDEN;
bool scavenger_try_hold(void) HIDDEN; /* false: a step is under way */
void scavenger_let_go(void) HIDDEN;

/* This is the process that threads are started in. */
void scavenger_note_process(void) HIDDEN;

/* Counts what was given back: whole units, and pages inside slabs. */
void scavenger_note_purged(size_t units_bytes, size_t holes_bytes) HIDDEN;

/* For fork. */
void scavenger_fork_prepare(void) HIDDEN;
void scavenger_fork_parent(void) HIDDEN;
void scavenger_fork_child(void) HIDDEN;

#endif
