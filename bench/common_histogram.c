/* common_histogram.c - percentiles of a histogram, and the line that says them. */
#define _GNU_SOURCE 1

#include "common_histogram.h"

#include "bench.h"

#include <stdio.h>

enum { TIME_BYTES = 24 };

void bench_histogram_add(struct bench_histogram *sum, const struct bench_histogram *other)
{
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        sum->count[i] += other->count[i];
    sum->total += other->total;
    if (other->most_ns > sum->most_ns)
        sum->most_ns = other->most_ns;
}

static uint64_t bucket_last_ns(size_t bucket)
{
    if (bucket < 2 * HISTOGRAM_STEPS)
        return bucket;
    size_t doubling = bucket / HISTOGRAM_STEPS - 1;
    uint64_t step = bucket - doubling * HISTOGRAM_STEPS;
    return ((step + 1) << doubling) - 1;
}

uint64_t bench_histogram_percentile_ns(const struct bench_histogram *histogram, double share)
{
    double wanted = share * (double)histogram->total;
    uint64_t seen = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += histogram->count[i];
        if (seen && (double)seen >= wanted) {
            uint64_t edge = bucket_last_ns(i);
            return edge < histogram->most_ns ? edge : histogram->most_ns;
        }
    }
    return histogram->most_ns;
}

static const char *time_write(uint64_t ns, char text[TIME_BYTES])
{
    if (ns < 1000)
        snprintf(text, TIME_BYTES, "%llu ns", (unsigned long long)ns);
    else if (ns < 1000000)
        snprintf(text, TIME_BYTES, "%.2f us", (double)ns / 1e3);
    else
        snprintf(text, TIME_BYTES, "%.2f ms", (double)ns / 1e6);
    return text;
}

void bench_print_histogram(const char *label, const struct bench_histogram *histogram)
{
    static const struct {
        const char *name;
        double share;
    } shown[] = {{"p50", 0.5}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}};
    char time[TIME_BYTES];
    bench_print("%s:", label);
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        bench_print(" %s %s,", shown[i].name,
                    time_write(bench_histogram_percentile_ns(histogram, shown[i].share), time));
    bench_print(" max %s of %llu\n", time_write(histogram->most_ns, time),
                (unsigned long long)histogram->total);
}
