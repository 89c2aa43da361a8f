/* curves.h - memory over time of every run: [row][allocator][run], as results.h has the figures. */
#ifndef HAKMEM_TOOL_CURVES_H
#define HAKMEM_TOOL_CURVES_H

#include "curve.h"
#include "results.h"

#include <stddef.h>

struct curves {
    const struct results *results;
    struct curve *curve;
};

/* Empty curves for all runs of the results, which must outlive them. */
void curves_start(struct curves *curves, const struct results *results);

struct curve *curves_of(const struct curves *curves, size_t row, size_t allocator, size_t run);

/* [row][allocator]: the curve of the run whose wall time is nearest the median, the one to show. The
 * caller frees the array; the curves stay. */
const struct curve **curves_typical(const struct curves *curves);

#endif
