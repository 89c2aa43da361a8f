/* thread.h - being told when a thread ends, through one pthread key; and a thread of our own.
 *
 * The handler runs in the last round of the thread's key destructors, so that what other destructors
 * free still finds the thread's heap; what comes after it is the registry's "late" state. */
#ifndef HAKMEM_OS_THREAD_H
#define HAKMEM_OS_THREAD_H

#include "base/config.h"

/* Before the first thread to tell of; once there is a key, later calls do nothing. One caller at a time. */
void thread_exit_init(void (*handler)(void)) HIDDEN;

/* The calling thread wants the handler to run when it ends. False: it will not, since the program has taken
 * all keys, or there is no memory for the thread's value. */
bool thread_exit_arm(void) HIDDEN;

/* Starts a detached thread with a small stack and all signals blocked. It shows as `name` (15 characters
 * at most). False: the system has no thread for us. May allocate; leaves errno alone. */
bool thread_start(void (*body)(void), const char *name) HIDDEN;

/* Once, early: looks up what thread_start needs, which later could wait for the loader's locks. */
void thread_start_init(void) HIDDEN;

/* Whether `code`, a return address, lies in the loader. glibc frees threads' storage from there while it
 * holds a lock that starting a thread takes; so does a static program, of which nothing is known. */
bool thread_loader_holds(const void *code) HIDDEN;

/* Whether the calling thread blocks a signal, as it does in a handler, but for one with SA_NODEFER that
 * blocks none: it may have interrupted anything of its own. */
bool thread_blocks_signals(void) HIDDEN;

/* Whether the main thread ended and only the calling one is left: the process ends with it. */
bool thread_is_last(void) HIDDEN;

#endif
