/* thread.h - being told when a thread ends, through one pthread key; and a thread of our own.
 *
 * The handler runs in the last round of the thread's key destructors, so that what other destructors
 * free still finds the thread's heap; what comes after it is the registry's "late" state. */
#ifndef HAKMEM_OS_THREAD_H
#define HAKMEM_OS_THREAD_H

#include "base/config.h"

/* Before the first thread to tell of; later calls do nothing. Without a free key no handler is
 * called, and heaps are not parked. One caller at a time. */
void thread_exit_init(void (*handler)(void)) HIDDEN;

/* The calling thread wants the handler to run when it ends. */
void thread_exit_arm(void) HIDDEN;

/* Starts a detached thread with a small stack and all signals blocked. It shows as `name` (15 characters
 * at most). False: the system has no thread for us. May allocate. */
bool thread_start(void (*body)(void), const char *name) HIDDEN;

#endif
