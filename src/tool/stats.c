/* stats.c - median, its confidence interval, geometric mean. */
#include "stats.h"

#include "text.h"

#include <math.h>
#include <stdlib.h>

static int compare_values(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* A sorted copy without what is no number; the caller frees it. */
static double *sorted_copy(const double *values, size_t count, size_t *kept)
{
    double *copy = memory_resize(NULL, count, sizeof *copy);
    *kept = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i]))
            copy[(*kept)++] = values[i];
    qsort(copy, *kept, sizeof *copy, compare_values);
    return copy;
}

double stats_median(const double *values, size_t count)
{
    size_t n;
    double *sorted = sorted_copy(values, count, &n);
    double median = (double)NAN;
    if (n > 0)
        median = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
    free(sorted);
    return median;
}

/* P(B < d) with B binomial(n, 1/2), summed in logarithms so that a large n does not overflow. */
static double binomial_below(size_t d, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < d; k++)
        sum += exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) -
                   (double)n * log(2));
    return sum;
}

struct interval stats_median_interval(const double *values, size_t count, double confidence)
{
    struct interval interval = {false, (double)NAN, (double)NAN, 0};
    size_t n;
    double *sorted = sorted_copy(values, count, &n);
    for (size_t d = 1; d <= n / 2; d++) {
        double coverage = 1 - 2 * binomial_below(d, n);
        if (coverage < confidence)
            break;
        interval = (struct interval){true, sorted[d - 1], sorted[n - d], coverage};
    }
    free(sorted);
    return interval;
}

double stats_geometric_mean(const double *values, size_t count)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(values[i]) && values[i] > 0) {
            sum += log(values[i]);
            n++;
        }
    }
    return n ? exp(sum / (double)n) : (double)NAN;
}
