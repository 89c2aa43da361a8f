/* thread.h - being told when a thread ends, through one pthread key.
 *
 * The handler runs in the last round of the thread's key destructors, so that what other destructors
 * free still finds the thread's heap; what comes after it is the registry's "late" state. */
#ifndef HAKMEM_OS_THREAD_H
#define HAKMEM_OS_THREAD_H

#include "base/config.h"

/* Once, at start. Without a free key no thread is told of, and heaps are not parked. */
void thread_exit_init(void (*handler)(void)) HIDDEN;

/* The calling thread wants the handler to run when it ends. */
void thread_exit_arm(void) HIDDEN;

#endif
