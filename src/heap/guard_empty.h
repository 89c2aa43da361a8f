/* guard_empty.h - blocks of size zero in check and secure mode: places in inaccessible memory, each with an
 * address of its own and nothing else. Whatever touches one faults, and is reported as other faults in
 * guarded memory are (guard.h, whose lock and tag these have).
 *
 * The places go round, so that a freed one is not given out again before all others of its unit were. Units
 * are never given back. Where they run out, or the kernel makes none, the block is an ordinary one. */
#ifndef HAKMEM_HEAP_GUARD_EMPTY_H
#define HAKMEM_HEAP_GUARD_EMPTY_H

#include "heap/claim.h"

/* A block of size zero, aligned as any block is, in a thread inside the allocator; NULL: none. */
void *guard_empty_malloc(unsigned how) HIDDEN COLD;

/* Whether p lies in such a unit. */
bool guard_empty_owns(const void *p) HIDDEN COLD;

/* Whether a live block is there. */
bool guard_empty_is_live(const void *p) HIDDEN COLD;

/* Frees it; misuse is reported. p lies in such a unit, at a multiple of BLOCK_ALIGN. */
void guard_empty_free(void *p, const struct claim *claim) HIDDEN COLD;

/* The call names a block that is not live. */
void guard_empty_report(const char *call, const void *p) HIDDEN COLD;

/* The next place behind `after` (0: from the first) in the unit that holds a live block; 0: none. */
uintptr_t guard_empty_next(size_t unit, uintptr_t after) HIDDEN COLD;

#endif
