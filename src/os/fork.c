#include "os/fork.h"

#include <pthread.h>

#include "os/futex.h"

/* glibc's, recursive. In the child glibc resets it, but only if the parent had several threads. Other
 * libcs have no such lock. */
extern void _IO_list_lock(void) __attribute__((weak));
extern void _IO_list_unlock(void) __attribute__((weak));
extern void _IO_list_resetlock(void) __attribute__((weak));

static const struct fork_handlers *_Atomic registered;

static void prepare_io(void)
{
    if (_IO_list_lock)
        _IO_list_lock();
}

static void prepare(void)
{
    for (prepare_io(); !registered->prepare(); prepare_io()) {
        if (_IO_list_unlock)
            _IO_list_unlock();
        futex_pause_ms(1); /* for another fork to get it */
    }
}

static void parent(void)
{
    registered->parent();
    if (_IO_list_unlock)
        _IO_list_unlock();
}

static void child(void)
{
    registered->child();
    if (_IO_list_resetlock)
        _IO_list_resetlock();
}

bool fork_register(const struct fork_handlers *handlers)
{
    const struct fork_handlers *none = NULL;
    if (!atomic_compare_exchange_strong(&registered, &none, handlers))
        return false;
    pthread_atfork(prepare, parent, child);
    return true;
}
