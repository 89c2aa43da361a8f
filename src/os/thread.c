#include "os/thread.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include <sys/prctl.h>

#include "os/syscall.h"

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

/* ---- a thread of our own */

enum { STACK_BYTES = 64 * 1024 };

static struct {
    void (*body)(void);
    const char *name;
} started;

static void *run(void *unused)
{
    (void)unused;
    syscall_raw(SYS_prctl, PR_SET_NAME, (long)started.name, 0, 0, 0, 0);
    started.body();
    return NULL;
}

/* A program with much thread-local storage needs larger stacks than ours: libc's default then. */
static bool create(const pthread_attr_t *small)
{
    pthread_t thread;
    pthread_attr_t attributes;
    if (pthread_create(&thread, small, run, NULL) == 0)
        return true;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool created = pthread_create(&thread, &attributes, run, NULL) == 0;
    pthread_attr_destroy(&attributes);
    return created;
}

bool thread_start(void (*body)(void), const char *name)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    started.body = body;
    started.name = name;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool created = create(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return created;
}
