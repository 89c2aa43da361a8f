/* foreign.h - other allocators in the process: what the api floor, which knows libc, does about them.
 * These are the only calls that go up. */
#ifndef HAKMEM_FRONT_FOREIGN_H
#define HAKMEM_FRONT_FOREIGN_H

#include "base/config.h"

/* p is not NULL. Hands it to the allocator that owns it, or reports it. */
void foreign_free(void *p) HIDDEN;
void *foreign_realloc(void *p, size_t size) HIDDEN;
size_t foreign_usable_size(const void *p) HIDDEN;

/* Whether the program has a malloc of its own: HAKMEM is then inert, and operator new gets its blocks
 * from foreign_malloc and foreign_aligned, which ask the program's. */
bool foreign_is_in_charge(void) HIDDEN;
void *foreign_malloc(size_t size) HIDDEN;
void *foreign_aligned(size_t align, size_t size) HIDDEN;

/* The same from the next allocator behind us, libc's: what our own aligned_alloc and kin do when the
 * program's allocator has none. */
void *foreign_next_aligned(size_t align, size_t size) HIDDEN;

#endif
