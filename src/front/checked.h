/* checked.h - HAKMEM_CHECK=1: what each block was asked for is kept behind it, and every call is held against
 * that.
 *
 *     | size bytes for the program | red zone, at least 16 bytes | record, 8 bytes |
 *     p                            p + size                                  p + usable
 *
 * The record says size, kind, alignment, and whether the block is live. It is encoded with the block's address
 * and a number of the process's own, so that what somebody wrote over it is told from a record. A freed block
 * is filled, waits in quarantine (heap/quarantine.h), and is looked at again before it may be reused.
 *
 * All threads come by here with all calls (watch.h), and the blocks come from, and go back to, front_plain and
 * front_plain_free. */
#ifndef HAKMEM_FRONT_CHECKED_H
#define HAKMEM_FRONT_CHECKED_H

#include "front/front.h"

/* `align` is a power of two. NULL: no memory; errno is the caller's business. */
void *checked_malloc(size_t size, size_t align, unsigned how, bool zeroed) HIDDEN;

/* p lies in the region. */
void checked_free(void *p, const struct claim *claim) HIDDEN;

/* Moves always. NULL, and errno says why. */
void *checked_realloc(void *p, size_t size) HIDDEN;

/* What was asked for. Not a live block: 0, reported if `call` is not NULL. */
size_t checked_usable_size(const char *call, const void *p) HIDDEN;

/* At the end of the process: looks at what waits. */
void checked_end(void) HIDDEN;

#endif
