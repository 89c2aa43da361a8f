/* span.h - sets of free spans of whole SuperSlabs: one of the warm (the LRU), one of the cold.
 *
 * Neighbours of the same kind are one span. A request is served from the span that fits best, lowest
 * address first; what is left of it goes back. All [lock: pool]. */
#ifndef HAKMEM_POOL_SPAN_H
#define HAKMEM_POOL_SPAN_H

#include "pool/superslab.h"

enum { SPAN_BINS = 26 };

struct span_set {
    enum superslab_kind kind;       /* SUPERSLAB_WARM or SUPERSLAB_COLD */
    uint32_t occupied;              /* a bit for each bin that is not empty */
    superslab_link bins[SPAN_BINS]; /* by the logarithm of the span's length */
    superslab_link oldest, newest;  /* by since_ms */
    size_t superslabs;              /* in all */
};

struct span {
    size_t first; /* number of its first SuperSlab */
    size_t count; /* 0: no span */
};

/* Puts a span in; it must be in no list. */
void span_insert(struct span_set *set, struct span span, uint64_t now_ms) HIDDEN;

/* Takes `count` SuperSlabs whose first number's address is a multiple of `align` SuperSlabs. */
struct span span_take(struct span_set *set, size_t count, size_t align) HIDDEN;

/* Takes `count` SuperSlabs of free spans that follow each other, cold ones among warm ones, with as many
 * warm as can be found: better than to leave the warm ones and touch new memory. */
struct span span_take_mixed(struct span_set *warm, struct span_set *cold, size_t count) HIDDEN;

/* Takes the `count` SuperSlabs from number `first` on, if a span of the set begins there and is that long. */
bool span_take_at(struct span_set *set, size_t first, size_t count) HIDDEN;

/* Takes the oldest span, or its first `most` SuperSlabs. */
struct span span_take_oldest(struct span_set *set, size_t most) HIDDEN;

/* When the oldest span became what it is; UINT64_MAX when the set is empty. */
uint64_t span_oldest_ms(const struct span_set *set) HIDDEN;

/* Sets the kind of every record of a span that is in no list, and its length and distances. */
void span_mark(struct span span, enum superslab_kind kind) HIDDEN;

/* Marks a span that is in no list as busy: the calling thread is going to put it into one. */
void span_make_busy(struct span span) HIDDEN;

#endif
