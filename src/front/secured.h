/* secured.h - HAKMEM_SECURE=1: what makes a mistake of the program hard to exploit. Which block comes next
 * cannot be foretold, and a freed block keeps nothing of what was in it. (The map of a slab is drawn from at
 * random in slab.c; the guards between SuperSlabs are the pool's.) Threads come by here with every call: see
 * watch.h. */
#ifndef HAKMEM_FRONT_SECURED_H
#define HAKMEM_FRONT_SECURED_H

#include "base/config.h"

/* Puts one of the blocks in [first, top], which one cannot be foretold, on top. */
void secured_choose(void **first, void **top) HIDDEN;

/* Zeroes the block at p, about to be freed, whose unit has this tag. False: p must not be freed: it is no
 * block, or is free already as far as can be seen; which was reported. */
bool secured_wipe(void *p, size_t unit, uint32_t tag) HIDDEN;

#endif
