/* claim.h - what a call says besides the block: by which function, and of which size and alignment the
 * program says it is. The fast paths do not look at it; checks do. */
#ifndef HAKMEM_HEAP_CLAIM_H
#define HAKMEM_HEAP_CLAIM_H

#include "base/config.h"

/* A number of: */
enum {
    HOW_MALLOC = 0,   /* malloc and its kin, free */
    HOW_NEW = 1,      /* operator new, delete */
    HOW_ARRAY = 2,    /* operator new[], delete[] */
    HOW_KIND = 3,     /* mask of these */
    HOW_SIZED = 4,    /* freed with a size */
    HOW_ALIGNED = 8,  /* made, or freed, with an alignment */
    HOW_UNKNOWN = 16, /* a free that was put off: nothing is known of it */
    HOW_REALLOC = 32, /* freed by realloc */
};

/* A free's: 0 for what it does not say. */
struct claim {
    size_t size, align;
    unsigned how;
};

/* The names of what made a block, and of what frees one. */
const char *claim_maker(unsigned how) HIDDEN;
const char *claim_call(unsigned how) HIDDEN;

/* Whether a block is freed as it was made: kind, size and alignment. What is wrong is reported. */
void claim_check(const void *p, const struct claim *made, const struct claim *claim) HIDDEN;

#endif
