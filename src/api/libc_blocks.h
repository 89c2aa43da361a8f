/* libc_blocks.h - blocks of libc's own malloc: made before HAKMEM was there, or by code that does not see it.
 */
#ifndef HAKMEM_API_LIBC_BLOCKS_H
#define HAKMEM_API_LIBC_BLOCKS_H

#include "base/config.h"

/* Whether libc's malloc made p, which is not NULL and not HAKMEM's. Looks at the table of mappings before it
 * reads anything, so p may be garbage; slow unless p lies in the heap at the program break. */
bool libc_made(const void *p) HIDDEN;

#endif
