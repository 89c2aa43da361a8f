/* lock.h - the allocator's mutex: 4 bytes, zero is unlocked, a futex when contended.
 *
 * Locks are taken in the order of their ranks, at most one of each rank at a time (fork, which takes
 * all, uses forms of its own). Debug builds prove it. The word is 0, or the holder's number << 1 and a bit
 * that says that somebody may sleep: "mutex 2" of Ulrich Drepper, "Futexes Are Tricky" (2011), with a holder.
 * Who holds it matters to fork alone, when a signal handler forks that interrupted the allocator. */
#ifndef HAKMEM_OS_LOCK_H
#define HAKMEM_OS_LOCK_H

#include <stdatomic.h>

#include "base/config.h"

enum lock_rank {
    LOCK_SCAVENGER,  /* a step that keeps blocks of others' slabs reserved */
    LOCK_QUARANTINE, /* freed blocks that wait, in check mode */
    LOCK_REGISTRY,   /* the list of parked heaps, creation of heaps */
    LOCK_HEAP,       /* a heap's slabs and bins */
    LOCK_DEPOT,      /* a shard of the depot */
    LOCK_GUARD,      /* which guarded slot is whose */
    LOCK_POOL,       /* SuperSlabs: the shared pool, the LRU, cold spans */
    LOCK_REGION,     /* growth of the metadata */
    LOCK_RANKS,
};

struct lock {
    _Atomic uint32_t state;
};

void lock_wait(struct lock *lock, uint32_t holder) HIDDEN;
void lock_wake(struct lock *lock) HIDDEN;

/* Debug builds: the ranks that this thread holds. */
void lock_rank_enter(enum lock_rank rank) HIDDEN;
void lock_rank_leave(enum lock_rank rank) HIDDEN;

/* The thread that is forking, by its thread pointer; 0: none. */
extern _Atomic uintptr_t lock_owner_of_all HIDDEN;

static inline bool lock_owns_all(void)
{
    uintptr_t thread = atomic_load_explicit(&lock_owner_of_all, memory_order_relaxed);
    return unlikely(thread) && thread == (uintptr_t)__builtin_thread_pointer();
}

enum {
    LOCK_SLEEPERS = 1, /* bit of the word */
    LOCK_FORK = 2,     /* the holder is a fork under way */
};

/* The calling thread as a holder: part of its thread pointer, and so another thread's only if the two are a
 * multiple of 32 GiB apart. */
static inline uint32_t lock_self(void)
{
    return (uint32_t)((uintptr_t)__builtin_thread_pointer() >> 4) << 1;
}

static inline void lock_acquire_as(struct lock *lock, uint32_t holder)
{
    uint32_t free_state = 0;
    if (unlikely(!atomic_compare_exchange_strong_explicit(&lock->state, &free_state, holder,
                                                          memory_order_acquire, memory_order_relaxed)))
        lock_wait(lock, holder);
}

static inline void lock_release_now(struct lock *lock)
{
    if (unlikely(atomic_exchange_explicit(&lock->state, 0, memory_order_release) & LOCK_SLEEPERS))
        lock_wake(lock);
}

static inline void lock_acquire(struct lock *lock, enum lock_rank rank)
{
    if (lock_owns_all())
        return;
    if (HAKMEM_DEBUG)
        lock_rank_enter(rank);
    lock_acquire_as(lock, lock_self());
}

/* False: somebody has it. */
static inline bool lock_try_acquire(struct lock *lock, enum lock_rank rank)
{
    uint32_t free_state = 0;
    if (lock_owns_all())
        return true;
    if (!atomic_compare_exchange_strong_explicit(&lock->state, &free_state, lock_self(), memory_order_acquire,
                                                 memory_order_relaxed))
        return false;
    if (HAKMEM_DEBUG)
        lock_rank_enter(rank);
    return true;
}

static inline void lock_release(struct lock *lock, enum lock_rank rank)
{
    if (lock_owns_all())
        return;
    lock_release_now(lock);
    if (HAKMEM_DEBUG)
        lock_rank_leave(rank);
}

/* Between lock_own_all and lock_own_all_end the calling thread counts as holding every lock there is:
 * taking or releasing one is nothing to it. So atfork handlers that run inside ours may allocate, and
 * so may what runs while a thread aborts with locks held. */
void lock_own_all(void) HIDDEN;
void lock_own_all_end(void) HIDDEN;

/* ---- fork, which takes all locks. `inside`: by a signal handler that interrupted the allocator in this
 * thread. What the thread holds already stays held, in parent and child, until the handler has returned; and
 * since others may wait for that with further locks held, it waits a second for these and then forks without.
 * Another fork does not wait for ever either, since such a handler may wait for it, at libc's own locks: it
 * fails, and is to release what it has and begin again. */
void lock_fork_begin(bool inside) HIDDEN;
void lock_fork_acquire(struct lock *lock) HIDDEN;
bool lock_fork_failed(void) HIDDEN;
void lock_fork_release(struct lock *lock) HIDDEN;

/* In the child, where nobody else exists, so nobody sleeps. True: it is still held, by what the handler
 * interrupted, and what it is for may be half changed. */
bool lock_fork_reset(struct lock *lock) HIDDEN;

#endif
