#include "os/thread.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

#ifndef PTHREAD_DESTRUCTOR_ITERATIONS
#define PTHREAD_DESTRUCTOR_ITERATIONS 4
#endif

/* TSan takes a thread's state down in the last round, before our key's turn. */
#if defined(__SANITIZE_THREAD__)
enum { LAST_ROUND = PTHREAD_DESTRUCTOR_ITERATIONS - 1 };
#else
enum { LAST_ROUND = PTHREAD_DESTRUCTOR_ITERATIONS };
#endif

static pthread_key_t key;
static _Atomic bool has_key;
static void (*at_exit_handler)(void);

/* The key's value counts the rounds of destructors. */
static void destructor(void *value)
{
    uintptr_t round = (uintptr_t)value;
    if (round < LAST_ROUND)
        pthread_setspecific(key, (void *)(round + 1));
    else
        at_exit_handler();
}

void thread_exit_init(void (*handler)(void))
{
    if (atomic_load_explicit(&has_key, memory_order_relaxed))
        return;
    at_exit_handler = handler;
    if (pthread_key_create(&key, destructor) == 0)
        atomic_store_explicit(&has_key, true, memory_order_release);
}

void thread_exit_arm(void)
{
    if (atomic_load_explicit(&has_key, memory_order_acquire))
        pthread_setspecific(key, (void *)1);
}
