#include "os/lock.h"

#include "base/check.h"
#include "os/clock.h"
#include "os/futex.h"

enum { SPINS = 100 };

_Atomic uintptr_t lock_owner_of_all;

void lock_own_all(void)
{
    atomic_store_explicit(&lock_owner_of_all, (uintptr_t)__builtin_thread_pointer(), memory_order_relaxed);
}

void lock_own_all_end(void)
{
    atomic_store_explicit(&lock_owner_of_all, 0, memory_order_relaxed);
}

#if HAKMEM_DEBUG /* or the release build would have the variable, in scarce thread-local storage */
static __thread uint32_t ranks_held;

void lock_rank_enter(enum lock_rank rank)
{
    CHECK((ranks_held >> rank) == 0);
    ranks_held |= 1u << rank;
}

void lock_rank_leave(enum lock_rank rank)
{
    CHECK(ranks_held & (1u << rank));
    ranks_held &= ~(1u << rank);
}
#endif

static inline void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#else
    __asm__ volatile("yield");
#endif
}

static bool try_acquire(struct lock *lock, uint32_t holder)
{
    uint32_t free_state = 0;
    return atomic_load_explicit(&lock->state, memory_order_relaxed) == 0 &&
           atomic_compare_exchange_weak_explicit(&lock->state, &free_state, holder, memory_order_acquire,
                                                 memory_order_relaxed);
}

/* Says on the word of a held lock that somebody sleeps. Returns the word to sleep on; 0: it changed. */
static uint32_t announce_sleeper(struct lock *lock)
{
    uint32_t state = atomic_load_explicit(&lock->state, memory_order_relaxed);
    bool announced = state && ((state & LOCK_SLEEPERS) || atomic_compare_exchange_strong_explicit(
                                                              &lock->state, &state, state | LOCK_SLEEPERS,
                                                              memory_order_relaxed, memory_order_relaxed));
    return announced ? state | LOCK_SLEEPERS : 0;
}

/* Whoever slept leaves the bit set when it takes the lock: it cannot know whether it was the only one. */
NOINLINE void lock_wait(struct lock *lock, uint32_t holder)
{
    for (int i = 0; i < SPINS; i++) {
        if (try_acquire(lock, holder))
            return;
        pause_briefly();
    }
    while (!try_acquire(lock, holder | LOCK_SLEEPERS)) {
        uint32_t state = announce_sleeper(lock);
        if (state)
            futex_sleep(&lock->state, state);
    }
}

NOINLINE void lock_wake(struct lock *lock)
{
    futex_wake(&lock->state);
}

/* ---- fork */

enum { PATIENCE_MS = 1000, LEAST_PATIENCE_MS = 10, TRY_MS = 1000 };

static bool forker_is_inside;
static unsigned patience_ms; /* left for this fork */
static bool failed;

void lock_fork_begin(bool inside)
{
    forker_is_inside = inside;
    patience_ms = PATIENCE_MS;
    failed = false;
}

bool lock_fork_failed(void)
{
    return failed;
}

static uint32_t holder_of(const struct lock *lock)
{
    return atomic_load_explicit(&lock->state, memory_order_relaxed) & ~(uint32_t)LOCK_SLEEPERS;
}

static bool forker_holds(const struct lock *lock)
{
    return forker_is_inside && holder_of(lock) == lock_self();
}

/* The forker was interrupted with locks held, and the holder of this one may wait for one of them: then it
 * does so until the handler has returned, and what it changes is whole, since nobody waits in the midst of a
 * change. So after a while we go on without the lock. We do not sleep on its word: the wake-up that we got
 * there would be another's. */
static void acquire_if_to_be_had(struct lock *lock)
{
    for (unsigned waited = 0; !try_acquire(lock, LOCK_FORK); waited++) {
        if (waited >= LEAST_PATIENCE_MS && patience_ms == 0)
            return;
        patience_ms -= patience_ms > 0;
        futex_pause_ms(1);
    }
}

static bool acquire_within(struct lock *lock, unsigned ms)
{
    uint32_t holder = LOCK_FORK;
    for (uint64_t begin = clock_coarse_ms(); !try_acquire(lock, holder);) {
        if (clock_coarse_ms() - begin >= ms) {
            lock_wake(lock); /* we may have taken the wake-up of another */
            return false;
        }
        uint32_t state = announce_sleeper(lock);
        if (state)
            futex_sleep_ms(&lock->state, state, ms);
        holder = LOCK_FORK | LOCK_SLEEPERS;
    }
    return true;
}

void lock_fork_acquire(struct lock *lock)
{
    if (forker_holds(lock))
        return;
    if (forker_is_inside)
        acquire_if_to_be_had(lock);
    else if (!failed)
        failed = !acquire_within(lock, TRY_MS);
}

void lock_fork_release(struct lock *lock)
{
    if (holder_of(lock) == LOCK_FORK)
        lock_release_now(lock);
}

bool lock_fork_reset(struct lock *lock)
{
    bool held = forker_holds(lock);
    atomic_store_explicit(&lock->state, held ? lock_self() : 0, memory_order_relaxed);
    return held;
}
