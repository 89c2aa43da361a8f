/* registry.h - all heaps, and which thread has which.
 *
 * Two words of thread-local storage, initial-exec: tls_heap is what the fast paths read; tls_real is
 * the thread's heap. They are the same, or tls_heap points at the gate: a heap with empty stacks whose
 * tag matches nothing, so that every call takes the slow path, which looks at tls_real:
 *
 *     tls_heap   tls_real   state
 *     gate       NULL       the thread has not allocated yet (as all do when born)
 *     heap       heap       normal
 *     gate       heap       gated: something wants to see every call
 *     inside     any        the thread is inside the allocator: see thread_enter
 *     gate       commons    late: the thread's heap was parked, or none could be had; the thread shares
 *                           the commons, under its lock
 *
 * A heap has at most one thread. Parking and adopting are under the registry's lock. */
#ifndef HAKMEM_HEAP_REGISTRY_H
#define HAKMEM_HEAP_REGISTRY_H

#include "heap/heap.h"

extern __thread struct heap *tls_heap HIDDEN __attribute__((tls_model("initial-exec")));
extern __thread struct heap *tls_real HIDDEN __attribute__((tls_model("initial-exec")));
extern const struct heap gate_heap HIDDEN;
extern const struct heap inside_gate HIDDEN;

static inline bool thread_is_gated(void)
{
    return tls_heap == &gate_heap;
}

/* Between the two the thread is inside the allocator: it may hold locks, and its heap's stacks may be in the
 * midst of a change. Its own calls never come back in; those of a signal handler that interrupts it find the
 * gate closed, and are served apart (nested.h). `heap`: what tls_heap is afterwards. */
static inline void thread_enter(void)
{
    tls_heap = (struct heap *)(uintptr_t)&inside_gate;
    atomic_signal_fence(memory_order_seq_cst);
}

static inline void thread_leave(const struct heap *heap)
{
    atomic_signal_fence(memory_order_seq_cst);
    tls_heap = (struct heap *)(uintptr_t)heap;
}

/* The same for functions of the interface, which a thread in any state may call. */
static inline struct heap *thread_enter_from(void)
{
    struct heap *before = tls_heap;
    thread_enter();
    return before;
}

static inline void thread_leave_to(const struct heap *before)
{
    thread_leave(before == &gate_heap || before == &inside_gate ? before : tls_real);
}

static inline bool thread_is_inside(void)
{
    return tls_heap == &inside_gate;
}

/* Whether a thread that came with this heap, as a signal handler or what a walk calls, may hold the locks
 * that it asks for. One that handles an abort counts as holding them all. */
static inline bool thread_may_hold_locks(const struct heap *before)
{
    return before == &inside_gate && !lock_owns_all();
}

/* Gives the calling thread, which has none, a heap: a parked one or a new one; the commons, when there
 * is no memory for one. NULL when there is no memory at all. With the first heap the fork handlers are
 * registered: a child parks the heaps of the threads it does not have. */
struct heap *registry_attach(void) HIDDEN;

/* The calling thread ends: its heap's caches are emptied, and it is parked. */
void registry_detach(void) HIDDEN;

extern struct heap *_Atomic registry_shared_heap HIDDEN; /* [lock: registry] to write */

/* The heap that young and late threads share; NULL while there is one heap only. */
static inline struct heap *registry_commons(void)
{
    return atomic_load_explicit(&registry_shared_heap, memory_order_acquire);
}

/* Makes the commons if there are none yet; NULL when there is no memory. */
struct heap *registry_make_commons(void) HIDDEN;

/* Some parked heap, another one each time; NULL when none is. It may be adopted at any moment. */
struct heap *registry_some_parked(void) HIDDEN;

/* A heap that others freed to, and whose thread did not collect that: it sleeps, or lives on the depot. It
 * lends what it has free (bin_lend) until somebody finds that it has nothing, and asks for the next one: NULL
 * when none is among the few heaps looked at. The commons lends nothing: what young threads borrow shares no
 * cache line. There must be a heap. */
struct heap *registry_lender(void) HIDDEN;
struct heap *registry_next_lender(void) HIDDEN;

/* All heaps, newest first, by next_heap: the list only grows. */
struct heap *registry_heaps(void) HIDDEN;
size_t registry_heap_count(size_t *parked) HIDDEN;

/* By how much more heaps with a thread there are than can do with full caches; at least 1. Threads that
 * cannot run at once need not each have theirs: what is cached in a process is bounded, however many it has.
 */
size_t registry_crowding(void) HIDDEN;

/* The last rung before ENOMEM: gives free memory that lies on its way between threads to the pool, other
 * heaps' inboxes and idle slabs included. The caller holds no lock. */
void registry_reclaim(void) HIDDEN;

/* Empties what can be emptied of all heaps into the pool: the calling thread's caches, the depot,
 * inboxes, slabs kept for later. The FastCaches of other running threads stay. */
void registry_trim(void) HIDDEN;

/* Bytes that are free in the caches of a heap: FastCaches and magazines; [owner] */
size_t registry_cached_bytes(const struct heap *heap) HIDDEN;

/* The calling thread will sleep: its caches are emptied, and its slabs without a block go. Returns the bytes
 * that were in the caches. */
size_t registry_rest(void) HIDDEN;

/* The calling thread's heap, if it has one that is its alone. */
static inline struct heap *registry_own_heap(void)
{
    return tls_real != registry_commons() ? tls_real : NULL;
}

/* Empties the calling thread's caches. Slabs from which its classes would take next stay where they are:
 * others would lie elsewhere, amid what is free for larger blocks. */
void registry_empty_caches(void) HIDDEN;

/* The calling thread, inside, gets a new heap, so that what it allocates from now on does not lie between the
 * blocks it has; its old one is left alone until the next call. False: this was done too often, or there is
 * no memory; its caches are emptied all the same. */
bool registry_start_afresh(void) HIDDEN;

/* Every thread that gets a heap from now on has its gate closed from the start. */
void registry_close_gates(void) HIDDEN;

/* Opens the gate for the calling thread, or closes it, from its next call on. */
void registry_gate(bool closed) HIDDEN;

#endif
