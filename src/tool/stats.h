/* stats.h - what is said of a handful of measurements.
 *
 * Values that are not numbers (a failed run) are left out everywhere.
 */
#ifndef HAKMEM_TOOL_STATS_H
#define HAKMEM_TOOL_STATS_H

#include <stdbool.h>
#include <stddef.h>

struct interval {
    bool valid; /* false: too few values for one at this confidence */
    double low;
    double high;
    double coverage; /* the probability it really has, at least what was asked */
};

/* The middle value, or the mean of the two in the middle; NAN of nothing. */
double stats_median(const double *values, size_t count);

/* A confidence interval of the median from order statistics: the narrowest [x(d), x(n+1-d)] of the
 * sorted values whose coverage, 1 - 2 P(B < d) with B binomial(n, 1/2), is at least `confidence`. It
 * assumes nothing of the distribution but that runs are independent, and exists for 95 % from 6
 * values on. W. J. Conover, Practical Nonparametric Statistics, 3rd ed. (1999), section 3.2. */
struct interval stats_median_interval(const double *values, size_t count, double confidence);

/* The n-th root of the product; NAN of nothing. Values must be above 0. */
double stats_geometric_mean(const double *values, size_t count);

#endif
