/* misuse.h - what is said of a pointer that no free or realloc should have got: one line, then what
 * HAKMEM_ON_ERROR wants: abort; or go on, with the line or without. Who calls these goes on as if the
 * program had not made the call: nothing is freed, nothing is changed.
 *
 * Callable with locks held: a thread that aborts counts as holding them all, so that a handler of SIGABRT
 * that allocates does not wait for itself. */
#ifndef HAKMEM_HEAP_MISUSE_H
#define HAKMEM_HEAP_MISUSE_H

#include "slab/slab.h"

/* The values of HAKMEM_ON_ERROR. */
enum { ON_ERROR_ABORT, ON_ERROR_WARN, ON_ERROR_IGNORE };

/* Any line of a misuse; the others are made of it. */
void misuse_report(const char *format, ...) HIDDEN COLD __attribute__((format(printf, 1, 2)));

/* The same in two parts, for who has more to print. False: nothing is to be printed, and it is over. */
bool misuse_begin(const char *format, ...) HIDDEN COLD __attribute__((format(printf, 1, 2)));
void misuse_end(void) HIDDEN COLD;

/* A block freed that is free; `bytes` of its size class. */
void misuse_double_free_of_block(const void *p, size_t bytes) HIDDEN COLD;

/* Blocks of a slab, by their bits in a word of its map, that were free already. */
void misuse_double_free_in_slab(const struct slab *slab, unsigned word, uint64_t bits) HIDDEN COLD;

/* p points into a slab, but not at the start of a block. `call`: what was asked for ("free"). */
void misuse_inside_slab(const char *call, const void *p) HIDDEN COLD;

/* The start of a run or a huge block, or a block of a slab, that is free already and was given back. */
void misuse_double_free(const void *p) HIDDEN COLD;

/* The run or huge block that a unit is of, whose tag this is, and its bytes; 0: none. */
uintptr_t misuse_large_around(size_t unit, uint32_t tag, size_t *bytes) HIDDEN COLD;

/* p lies in the region, in a unit whose tag has no owner, and is not the start of a block. */
void misuse_free(const char *call, const void *p, size_t unit, uint32_t tag) HIDDEN COLD;

/* p lies in the region and is not the start of a block, which is told by its alignment alone. */
void misuse_misaligned(const char *call, const void *p) HIDDEN COLD;

/* p is nobody's that we know. */
void misuse_foreign(const char *call, const void *p) HIDDEN COLD;

#endif
