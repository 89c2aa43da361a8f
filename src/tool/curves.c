/* curves.c - keeps the curves of a series of runs, and picks the typical ones. */
#include "curves.h"

#include "text.h"

#include <math.h>

static size_t cells(const struct results *results)
{
    return results->rows * results->allocators->count;
}

void curves_start(struct curves *curves, const struct results *results)
{
    size_t count = cells(results) * results->runs;
    curves->results = results;
    curves->curve = memory_resize(NULL, count, sizeof *curves->curve);
    for (size_t i = 0; i < count; i++)
        curve_start(&curves->curve[i]);
}

struct curve *curves_of(const struct curves *curves, size_t row, size_t allocator, size_t run)
{
    const struct results *results = curves->results;
    return &curves->curve[(row * results->allocators->count + allocator) * results->runs + run];
}

static const struct curve *typical(const struct curves *curves, size_t row, size_t allocator)
{
    const struct results *results = curves->results;
    const double *wall = results_values(results, row, allocator, METRIC_WALL);
    double median = results_median(results, row, allocator, METRIC_WALL);
    size_t nearest = 0;
    for (size_t run = 1; run < results->runs; run++)
        if (!(fabs(wall[run] - median) >= fabs(wall[nearest] - median)))
            nearest = run;
    return curves_of(curves, row, allocator, nearest);
}

const struct curve **curves_typical(const struct curves *curves)
{
    size_t allocators = curves->results->allocators->count;
    const struct curve **shown = memory_resize(NULL, cells(curves->results), sizeof *shown);
    for (size_t i = 0; i < cells(curves->results); i++)
        shown[i] = typical(curves, i / allocators, i % allocators);
    return shown;
}
