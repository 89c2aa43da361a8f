/* common_histogram.h - how long calls took: counted in steps of at most 3 %, and percentiles.
 *
 * One thread writes a histogram; another may add it to its own afterwards.
 */
#ifndef HAKMEM_BENCH_COMMON_HISTOGRAM_H
#define HAKMEM_BENCH_COMMON_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Below HISTOGRAM_STEPS every nanosecond has a bucket; above, every doubling has HISTOGRAM_STEPS. */
enum { HISTOGRAM_STEPS = 32, HISTOGRAM_BUCKETS = HISTOGRAM_STEPS * 60 };

struct bench_histogram {
    uint64_t count[HISTOGRAM_BUCKETS];
    uint64_t total;
    uint64_t most_ns; /* exact */
};

static inline size_t bench_histogram_bucket(uint64_t ns)
{
    if (ns < HISTOGRAM_STEPS)
        return (size_t)ns;
    unsigned doubling = 63u - (unsigned)__builtin_clzll(ns) - 5u;
    return doubling * HISTOGRAM_STEPS + (size_t)(ns >> doubling);
}

static inline void bench_histogram_count(struct bench_histogram *histogram, uint64_t ns)
{
    histogram->count[bench_histogram_bucket(ns)]++;
    histogram->total++;
    if (ns > histogram->most_ns)
        histogram->most_ns = ns;
}

void bench_histogram_add(struct bench_histogram *sum, const struct bench_histogram *other);

/* The least time that `share` (0..1) of the calls did not exceed, to the upper edge of its bucket. */
uint64_t bench_histogram_percentile_ns(const struct bench_histogram *histogram, double share);

/* One result line: "LABEL: p50 21 ns, p99 40 ns, p99.9 1.2 us, p99.99 8.1 us, max 1.1 ms of N". */
void bench_print_histogram(const char *label, const struct bench_histogram *histogram);

#endif
