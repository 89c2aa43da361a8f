#include "os/lock.h"

#include "base/check.h"
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

NOINLINE void lock_wait(struct lock *lock)
{
    for (int i = 0; i < SPINS; i++) {
        uint32_t free_state = 0;
        if (atomic_load_explicit(&lock->state, memory_order_relaxed) == 0 &&
            atomic_compare_exchange_weak_explicit(&lock->state, &free_state, 1, memory_order_acquire,
                                                  memory_order_relaxed))
            return;
        pause_briefly();
    }
    while (atomic_exchange_explicit(&lock->state, 2, memory_order_acquire) != 0)
        futex_sleep(&lock->state, 2);
}

NOINLINE void lock_wake(struct lock *lock)
{
    futex_wake(&lock->state);
}
