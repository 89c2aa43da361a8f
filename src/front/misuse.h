/* misuse.h - what is said of a pointer that no free or realloc should have got: one line, then abort. */
#ifndef HAKMEM_FRONT_MISUSE_H
#define HAKMEM_FRONT_MISUSE_H

#include "base/config.h"

void misuse_double_free(const void *p) HIDDEN COLD __attribute__((noreturn));

/* p lies in the region, in a unit with a tag that has no owner, and is not the start of a block. */
void misuse_free(const void *p, size_t unit, uint32_t tag) HIDDEN COLD __attribute__((noreturn));

/* p points into a slab, but not at the start of a block. */
void misuse_inside_slab(const void *p, size_t unit) HIDDEN COLD __attribute__((noreturn));

/* p is nobody's that we know. */
void misuse_foreign(const void *p) HIDDEN COLD __attribute__((noreturn));

#endif
