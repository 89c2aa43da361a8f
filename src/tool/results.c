/* results.c - files figures and derives medians, best peers and ratios. */
#include "results.h"

#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct metric_info metric_info[METRICS] = {
    [METRIC_OPS] = {"ops_per_second", "Throughput, operations a second", "ops/s", UNIT_COUNT, true, 0},
    [METRIC_WALL] = {"wall_seconds", "Wall time", "wall", UNIT_SECONDS, false, 0},
    [METRIC_CPU] = {"cpu_seconds", "CPU time, user and system", "CPU", UNIT_SECONDS, false, 0},
    [METRIC_RSS] = {"peak_rss_bytes", "Peak memory (RSS)", "peak RSS", UNIT_BYTES, false, 0},
    [METRIC_FAULTS] = {"page_faults", "Page faults", "page faults", UNIT_COUNT, false, 0},
    [METRIC_FREED] = {"rss_after_free_bytes", "Memory after the frees (RSS)", "after free", UNIT_BYTES, false,
                      1 << 20},
    [METRIC_IDLE] = {"rss_after_idle_bytes", "Memory after a while without a call (RSS)", "after idle",
                     UNIT_BYTES, false, 1 << 20},
};

static size_t cells(const struct results *results)
{
    return results->rows * results->allocators->count;
}

void results_start(struct results *results, const struct allocator_list *allocators, size_t rows, size_t runs)
{
    results->allocators = allocators;
    results->rows = rows;
    results->runs = runs;
    size_t values = cells(results) * METRICS * runs;
    results->row_name = memory_resize(NULL, rows, sizeof *results->row_name);
    results->value = memory_resize(NULL, values, sizeof *results->value);
    results->failure = memory_resize(NULL, cells(results), sizeof *results->failure);
    for (size_t i = 0; i < values; i++)
        results->value[i] = (double)NAN;
    memset(results->failure, 0, cells(results) * sizeof *results->failure);
}

double *results_values(const struct results *results, size_t row, size_t allocator, enum metric metric)
{
    size_t cell = row * results->allocators->count + allocator;
    return results->value + (cell * METRICS + metric) * results->runs;
}

char *results_failure(const struct results *results, size_t row, size_t allocator)
{
    return results->failure[row * results->allocators->count + allocator];
}

void results_store(const struct results *results, size_t row, size_t allocator, size_t run,
                   const struct process_result *process)
{
    if (!process_succeeded(process)) {
        process_describe(process, results_failure(results, row, allocator), FAILURE_BYTES);
        return;
    }
    results_values(results, row, allocator, METRIC_WALL)[run] = process->wall_s;
    results_values(results, row, allocator, METRIC_CPU)[run] = process->cpu_s;
    results_values(results, row, allocator, METRIC_RSS)[run] = process->peak_rss_bytes;
    results_values(results, row, allocator, METRIC_FAULTS)[run] = process->page_faults;
}

double results_median(const struct results *results, size_t row, size_t allocator, enum metric metric)
{
    if (*results_failure(results, row, allocator))
        return (double)NAN;
    return stats_median(results_values(results, row, allocator, metric), results->runs);
}

size_t results_best_peer(const struct results *results, size_t row, enum metric metric)
{
    size_t best = NO_ALLOCATOR;
    double best_value = (double)NAN;
    for (size_t i = ALLOCATOR_SYSTEM; i < results->allocators->count; i++) {
        double value = results_median(results, row, i, metric);
        bool better = metric_info[metric].more_is_better ? value > best_value : value < best_value;
        if (isfinite(value) && (best == NO_ALLOCATOR || better)) {
            best = i;
            best_value = value;
        }
    }
    return best;
}

/* NAN stays. */
static double at_least(double value, double least)
{
    return value < least ? least : value;
}

double results_ratio(const struct results *results, size_t row, size_t allocator, enum metric metric)
{
    size_t best = results_best_peer(results, row, metric);
    if (best == NO_ALLOCATOR)
        return (double)NAN;
    double median = results_median(results, row, allocator, metric), least = metric_info[metric].least;
    return at_least(median, least) / at_least(results_median(results, row, best, metric), least);
}

double results_geometric_mean(const struct results *results, size_t allocator, enum metric metric)
{
    double *ratio = memory_resize(NULL, results->rows, sizeof *ratio);
    for (size_t row = 0; row < results->rows; row++)
        ratio[row] = results_ratio(results, row, allocator, metric);
    double mean = stats_geometric_mean(ratio, results->rows);
    free(ratio);
    return mean;
}

const char *results_format(enum metric metric, double value, char buffer[24])
{
    switch (metric_info[metric].unit) {
    case UNIT_SECONDS: return number_seconds(value, buffer);
    case UNIT_BYTES: return number_bytes(value, buffer);
    case UNIT_COUNT: break;
    }
    return number_short(value, buffer);
}

/* Cuts the unit off when the other figure has the same. */
static void unit_cut(char *number, const char *other)
{
    const char *unit = strchr(number, ' '), *other_unit = strchr(other, ' ');
    if (unit && other_unit && strcmp(unit, other_unit) == 0)
        number[unit - number] = '\0';
}

void results_format_interval(const struct results *results, size_t row, size_t allocator, enum metric metric,
                             char buffer[RESULT_INTERVAL_BYTES])
{
    char middle[NUMBER_BYTES], low[NUMBER_BYTES], high[NUMBER_BYTES];
    struct interval interval = stats_median_interval(results_values(results, row, allocator, metric),
                                                     results->runs, 0.95);
    results_format(metric, results_median(results, row, allocator, metric), middle);
    snprintf(buffer, RESULT_INTERVAL_BYTES, "%s", middle);
    if (!interval.valid)
        return;
    results_format(metric, interval.low, low);
    results_format(metric, interval.high, high);
    unit_cut(low, middle);
    unit_cut(high, middle);
    snprintf(buffer, RESULT_INTERVAL_BYTES, "%s (%s..%s)", middle, low, high);
}

bool results_hakmem_failed(const struct results *results)
{
    for (size_t row = 0; row < results->rows; row++)
        if (*results_failure(results, row, ALLOCATOR_HAKMEM))
            return true;
    return false;
}
