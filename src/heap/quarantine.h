/* quarantine.h - freed blocks that wait before they may be used again (HAKMEM_CHECK): a ring of the process,
 * oldest out first, bounded in blocks and in bytes. It knows where they are and nothing of what is in them.
 *
 * One lock (rank quarantine), which this file takes itself, and under which nothing else is done. The caller
 * is inside (thread_enter): a signal handler of its thread must not wait for that lock. */
#ifndef HAKMEM_HEAP_QUARANTINE_H
#define HAKMEM_HEAP_QUARANTINE_H

#include "base/config.h"

enum {
    QUARANTINE_BLOCKS = HAKMEM_TORTURE ? 32 : 8192,
    QUARANTINE_BYTES = HAKMEM_TORTURE ? 4 * 1024 * 1024 : 64 * 1024 * 1024,
};

struct quarantined {
    void *block;
    size_t size;   /* that was asked for */
    size_t usable; /* of the block; what the bound in bytes counts */
    bool guarded;  /* of its pages all but the last are inaccessible, or some */
};

/* False: there is no room, until something is taken out. */
bool quarantine_put(const struct quarantined *entry) HIDDEN;

/* Takes the oldest, if there are more than QUARANTINE_BLOCKS, or several with more than QUARANTINE_BYTES, or,
 * with `all`, in any case. False: none. */
bool quarantine_take(struct quarantined *entry, bool all) HIDDEN;

/* Calls visit for each; the lock is held. */
void quarantine_visit(void (*visit)(const struct quarantined *entry, void *argument), void *argument) HIDDEN;

/* The entry whose bytes hold the address. False: none. Takes no lock, for handlers of faults, so that what it
 * finds while others put and take may be wrong. */
bool quarantine_find(uintptr_t address, struct quarantined *found) HIDDEN COLD;

/* For fork: holding the lock. */
void quarantine_fork_prepare(void) HIDDEN;
void quarantine_fork_parent(void) HIDDEN;
void quarantine_fork_child(void) HIDDEN;

#endif
