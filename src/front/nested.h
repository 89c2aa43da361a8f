/* nested.h - calls from a signal handler that interrupted the allocator in its own thread.
 *
 * POSIX forbids them, programs make them. A thread inside a slow path has its gate closed (thread_enter), so
 * such a call ends up here, where nothing is touched that may be in the midst of a change: a block is a
 * mapping of its own, from a small table; a block that is freed waits in another, for the next time a thread
 * leaves a slow path. No locks. When a table is full there is ENOMEM, or the block is never freed.
 *
 * A call that interrupts the few instructions of a fast path is not seen here, and is safe only if the
 * handler frees what it allocates, in reverse. */
#ifndef HAKMEM_FRONT_NESTED_H
#define HAKMEM_FRONT_NESTED_H

#include <stdatomic.h>

#include "base/config.h"

/* `align` is a power of two. NULL: no memory, or too many such blocks live. */
void *nested_malloc(size_t size, size_t align) HIDDEN;

/* A block of the heap, freed by a handler: for later. */
void nested_free(void *p) HIDDEN;

/* Frees p if nested_malloc made it; false otherwise. Any thread, any time. */
bool nested_free_own(void *p) HIDDEN;

/* 0 when nested_malloc did not make it. */
size_t nested_usable_size(const void *p) HIDDEN;

/* A block that waits to be freed; NULL: none. */
void *nested_take_waiting(void) HIDDEN;

extern _Atomic uint32_t nested_waiting HIDDEN; /* blocks that wait */

#endif
