/* verdict.h - how HAKMEM compares with its peers on one command, in plain sentences. */
#ifndef HAKMEM_TOOL_VERDICT_H
#define HAKMEM_TOOL_VERDICT_H

#include "results.h"
#include "text.h"

/* One metric against one peer. `ratio` is the median over rounds of peer / HAKMEM: above 1, HAKMEM
 * needs less. Rounds are pairs of neighbours in time, so what drifts between rounds cancels; the
 * interval is the order-statistic one of those ratios. */
struct comparison {
    size_t peer; /* NO_ALLOCATOR: there is none to compare with */
    double ratio;
    struct interval interval;
};

struct comparison comparison_make(const struct results *results, size_t peer, enum metric metric);

/* "HAKMEM is 4 % faster (95 % CI 1..7 %) and uses 12 % less memory than the fastest peer, X." and,
 * when another peer is leaner, a sentence on that one. Says so when HAKMEM is slower, or when the
 * difference is within the noise. */
void verdict_write(const struct results *results, struct text *text);

#endif
