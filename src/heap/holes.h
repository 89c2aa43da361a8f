/* holes.h - giving back the pages, inside slabs in use, in which no block is live.
 *
 * The blocks of such pages are first taken out of their slab's map, as if they were given out, then the
 * pages are purged without a lock, then the blocks are put back; the slab remembers which pages are
 * clean. A page is worth it once its slab has been quiet: slab->quiet is 0 when a block was taken or put
 * since the last pass, then counts passes up to QUIET_DONE, when there is nothing left to do.
 *
 * Under the scavenger's lock: fork takes that first, so a child never gets a heap with blocks reserved. */
#ifndef HAKMEM_HEAP_HOLES_H
#define HAKMEM_HEAP_HOLES_H

#include "heap/heap.h"

enum { QUIET_DONE = 2 };

/* Which slabs, and how their holes go: in one system call for many where the kernel can, or in one each,
 * which is the only one that a program need know that gives nothing back by itself. */
enum holes_pass {
    HOLES_QUIET, /* of slabs left alone for long enough */
    HOLES_ALL,
    HOLES_ALL_SINGLY, /* but for slabs on huge pages, which would be split */
};

struct holes_result {
    size_t bytes;     /* given back, */
    size_t ranges;    /* in so many places */
    size_t not_quiet; /* bytes free in slabs that were not quiet yet: another pass may find something */
};

/* Goes over the slabs whose first unit is in [*unit, *unit + units), and moves *unit on; to 0 at the end of
 * the heap. */
void holes_purge(size_t *unit, size_t units, enum holes_pass pass, struct holes_result *result) HIDDEN;

/* In a fork's child: a step that another thread was in the midst of is over, where the fork did not wait for
 * its end (lock_fork_begin). What it had reserved stays out of use. */
void holes_fork_child(void) HIDDEN;

#endif
