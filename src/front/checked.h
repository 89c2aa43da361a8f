/* checked.h - HAKMEM_CHECK=1: how each block was made is kept behind it, and every call is held against that.
 *
 *     | size bytes for the program | red zone, at least 32 bytes | record |
 *     p                            p + size                               p + usable
 *
 * A large block has a wall behind it where the kernel lets it: pages that are inaccessible.
 *
 *     | size bytes for the program | red zone, to the end of the page | wall | page with the record at its
 * end |
 *
 * A freed block is filled, or, if it is large, made inaccessible; it waits in quarantine (heap/quarantine.h),
 * and is looked at again before it may be reused. Blocks of size zero lie in inaccessible memory
 * (heap/guard_empty.h).
 *
 * All threads come by here with all calls (watch.h), and the blocks come from, and go back to, front_plain
 * and front_plain_free. */
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

/* guard_explain_fn: of walls, and of freed blocks that are inaccessible. */
bool checked_explain(uintptr_t address, const char *access) HIDDEN;

/* At the end of the process, nothing unless it is watched so: looks at what waits in quarantine; at the red
 * zone of a block, if it lives. Blocks may be freed by other threads meanwhile, but large ones. */
void checked_look_at_quarantine(void) HIDDEN;
void checked_look_at(const void *p) HIDDEN;

#endif
