/* table.c - lays out results in columns. */
#define _GNU_SOURCE 1

#include "table.h"

#include "text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROW_NAME_WIDTH = 18, VALUE_WIDTH = 9, RATIO_WIDTH = 6, CELL_WIDTH = 17 };

/* Noise is some percent: only what is beyond it is coloured. */
static enum colour ratio_colour(double ratio, bool more_is_better)
{
    double better = more_is_better ? ratio : 1 / ratio;
    if (better >= 1.03)
        return COLOUR_GREEN;
    return better <= 0.97 ? COLOUR_RED : COLOUR_NONE;
}

static void head_print(const struct results *results, enum metric metric)
{
    printf("%s%s%s, and × the best peer of the row (*)\n", colour_begin(COLOUR_BOLD),
           metric_info[metric].title, colour_end());
    printf("%-*s", ROW_NAME_WIDTH, "");
    for (size_t i = 0; i < results->allocators->count; i++)
        printf("%*s", CELL_WIDTH, results->allocators->item[i].name);
    putchar('\n');
}

static void ratio_print(double ratio, enum colour colour, bool is_best)
{
    if (isfinite(ratio))
        printf("%s%*.2f%s%s", colour_begin(colour), RATIO_WIDTH, ratio, is_best ? "*" : " ",
               colour != COLOUR_NONE ? colour_end() : "");
    else
        printf("%*s ", RATIO_WIDTH, "-");
}

static void cell_print(const struct results *results, size_t row, size_t allocator, enum metric metric,
                       size_t best)
{
    char number[NUMBER_BYTES];
    double ratio = results_ratio(results, row, allocator, metric);
    enum colour colour = allocator == best ? COLOUR_BOLD : COLOUR_NONE;
    if (*results_failure(results, row, allocator)) {
        printf("%*s", CELL_WIDTH, "failed ");
        return;
    }
    if (allocator == ALLOCATOR_HAKMEM && isfinite(ratio))
        colour = ratio_colour(ratio, metric_info[metric].more_is_better);
    results_format(metric, results_median(results, row, allocator, metric), number);
    printf("%*s", CELL_WIDTH - RATIO_WIDTH - 1, number);
    ratio_print(ratio, colour, allocator == best);
}

static void mean_print(const struct results *results, enum metric metric)
{
    printf("%s%-*s%s", colour_begin(COLOUR_BOLD), ROW_NAME_WIDTH, "geometric mean", colour_end());
    for (size_t i = 0; i < results->allocators->count; i++) {
        double mean = results_geometric_mean(results, i, metric);
        enum colour colour = COLOUR_NONE;
        if (i == ALLOCATOR_HAKMEM && isfinite(mean))
            colour = ratio_colour(mean, metric_info[metric].more_is_better);
        printf("%*s", CELL_WIDTH - RATIO_WIDTH - 1, "");
        ratio_print(mean, colour, false);
    }
    fputs("\n\n", stdout);
}

void table_print(const struct results *results, enum metric metric)
{
    bool any = false;
    for (size_t row = 0; row < results->rows && !any; row++)
        any = results_best_peer(results, row, metric) != NO_ALLOCATOR;
    if (!any)
        return;
    head_print(results, metric);
    for (size_t row = 0; row < results->rows; row++) {
        size_t best = results_best_peer(results, row, metric);
        if (best == NO_ALLOCATOR)
            continue;
        printf("%-*s", ROW_NAME_WIDTH, results->row_name[row]);
        for (size_t i = 0; i < results->allocators->count; i++)
            cell_print(results, row, i, metric, best);
        putchar('\n');
    }
    mean_print(results, metric);
}

void table_print_failures(const struct results *results)
{
    for (size_t row = 0; row < results->rows; row++)
        for (size_t i = 0; i < results->allocators->count; i++)
            if (*results_failure(results, row, i))
                printf("%s%s failed under %s: %s%s\n", colour_begin(COLOUR_RED), results->row_name[row],
                       results->allocators->item[i].name, results_failure(results, row, i), colour_end());
}

void table_print_bench_verdict(const struct results *results)
{
    double speed = results_geometric_mean(results, ALLOCATOR_HAKMEM, METRIC_OPS);
    double memory = results_geometric_mean(results, ALLOCATOR_HAKMEM, METRIC_RSS);
    if (isfinite(speed))
        printf("HAKMEM runs at %.2f × the speed of each benchmark's fastest peer", speed);
    if (isfinite(memory))
        printf("%s %.2f × the memory of its leanest", isfinite(speed) ? ", with" : "HAKMEM takes", memory);
    if (isfinite(speed) || isfinite(memory))
        printf(" (geometric means, medians of %zu).\n", results->runs);
}

void table_print_memory_verdict(const struct results *results)
{
    double peak = results_geometric_mean(results, ALLOCATOR_HAKMEM, METRIC_RSS);
    double idle = results_geometric_mean(results, ALLOCATOR_HAKMEM, METRIC_IDLE);
    if (isfinite(peak))
        printf("HAKMEM's peaks are %.2f × those of each benchmark's leanest peer", peak);
    if (isfinite(idle))
        printf("%s %.2f × what the leanest has left",
               isfinite(peak) ? "; after a while it holds" : "It holds", idle);
    if (isfinite(peak) || isfinite(idle))
        puts(" (geometric means).");
}

static void compare_cell_print(const struct results *results, size_t allocator, enum metric metric)
{
    char cell[RESULT_INTERVAL_BYTES];
    if (metric == METRIC_FAULTS)
        results_format(metric, results_median(results, 0, allocator, metric), cell);
    else
        results_format_interval(results, 0, allocator, metric, cell);
    printf("  %-*s", metric == METRIC_FAULTS ? 11 : 24, cell);
}

void table_print_compare(const struct results *results)
{
    static const enum metric shown[] = {METRIC_WALL, METRIC_CPU, METRIC_RSS, METRIC_FAULTS};
    printf("%s%-16s  %-24s  %-24s  %-24s  %s%s\n", colour_begin(COLOUR_BOLD), "", "wall", "CPU", "peak RSS",
           "page faults", colour_end());
    for (size_t i = 0; i < results->allocators->count; i++) {
        printf("%-16s", results->allocators->item[i].name);
        if (*results_failure(results, 0, i)) {
            printf("  failed: %s\n", results_failure(results, 0, i));
            continue;
        }
        for (size_t m = 0; m < sizeof shown / sizeof shown[0]; m++)
            compare_cell_print(results, i, shown[m]);
        putchar('\n');
    }
    struct interval known = stats_median_interval(results_values(results, 0, 0, METRIC_WALL), results->runs,
                                                  0.95);
    if (known.valid)
        printf("%sMedians of %zu runs, with their %.1f %% intervals from order statistics.%s\n\n",
               colour_begin(COLOUR_DIM), results->runs, 100 * known.coverage, colour_end());
    else
        printf("%sMedians of %zu; an interval takes 6 runs or more.%s\n\n", colour_begin(COLOUR_DIM),
               results->runs, colour_end());
}
