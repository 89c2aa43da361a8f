/* bars.h - one bar for each allocator: what a drawing or a table says of it, in one place. */
#ifndef HAKMEM_TOOL_BARS_H
#define HAKMEM_TOOL_BARS_H

#include "results.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>

struct bar {
    const char *label;             /* [const] the allocator's name */
    double value;                  /* the median; of means, the same as `ratio`. NAN: none */
    double ratio;                  /* to the best peer. NAN: none, and `note` says why */
    double low, high;              /* the median's 95 % interval; NAN: none */
    char value_text[NUMBER_BYTES]; /* "98.3M"; "" of means */
    char note[NUMBER_BYTES];       /* "1.04×", "failed" or "" */
    bool ours;
    bool best_peer;
};

struct bars {
    struct bar *bar; /* in the order of the allocators */
    size_t count;
    double best_value; /* the best peer's */
};

/* One benchmark in one metric. False, and nothing to free, when no peer has a figure. */
bool bars_make(struct bars *bars, const struct results *results, size_t row, enum metric metric);

/* Geometric means of the ratios over all benchmarks. False, and nothing to free, when there are none. */
bool bars_make_means(struct bars *bars, const struct results *results, enum metric metric);

void bars_free(struct bars *bars);

/* Whether this is the best of all, HAKMEM among them. */
bool bars_wins(const struct bars *bars, size_t index, enum metric metric);

#endif
