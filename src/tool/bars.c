/* bars.c - derives bars from results. */
#include "bars.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static struct bar bar_of_allocator(const struct results *results, size_t allocator)
{
    return (struct bar){
        .label = results->allocators->item[allocator].name,
        .value = (double)NAN,
        .ratio = (double)NAN,
        .low = (double)NAN,
        .high = (double)NAN,
        .ours = allocator == ALLOCATOR_HAKMEM,
    };
}

static void ratio_set(struct bar *bar, double ratio)
{
    bar->ratio = ratio;
    if (isfinite(ratio))
        snprintf(bar->note, sizeof bar->note, "%.2f×", ratio);
}

static struct bar bar_make(const struct results *results, size_t row, size_t allocator, enum metric metric)
{
    struct bar bar = bar_of_allocator(results, allocator);
    struct interval interval = stats_median_interval(results_values(results, row, allocator, metric),
                                                     results->runs, 0.95);
    bool failed = *results_failure(results, row, allocator) != '\0';
    bar.value = results_median(results, row, allocator, metric);
    bar.best_peer = allocator == results_best_peer(results, row, metric);
    results_format(metric, bar.value, bar.value_text);
    ratio_set(&bar, results_ratio(results, row, allocator, metric));
    if (failed)
        snprintf(bar.note, sizeof bar.note, "failed");
    else if (interval.valid) {
        bar.low = interval.low;
        bar.high = interval.high;
    }
    return bar;
}

static void bars_start(struct bars *bars, const struct results *results)
{
    bars->count = results->allocators->count;
    bars->bar = memory_resize(NULL, bars->count, sizeof *bars->bar);
}

bool bars_make(struct bars *bars, const struct results *results, size_t row, enum metric metric)
{
    size_t best = results_best_peer(results, row, metric);
    if (best == NO_ALLOCATOR)
        return false;
    bars_start(bars, results);
    for (size_t i = 0; i < bars->count; i++)
        bars->bar[i] = bar_make(results, row, i, metric);
    bars->best_value = bars->bar[best].value;
    return true;
}

/* A mean has no best peer: 1 is the best of each benchmark, whichever that is. */
bool bars_make_means(struct bars *bars, const struct results *results, enum metric metric)
{
    bool any = false;
    bars_start(bars, results);
    bars->best_value = 1;
    for (size_t i = 0; i < bars->count; i++) {
        bars->bar[i] = bar_of_allocator(results, i);
        ratio_set(&bars->bar[i], results_geometric_mean(results, i, metric));
        bars->bar[i].value = bars->bar[i].ratio;
        any |= isfinite(bars->bar[i].ratio);
    }
    if (!any)
        bars_free(bars);
    return any;
}

void bars_free(struct bars *bars)
{
    free(bars->bar);
    *bars = (struct bars){NULL, 0, 0};
}

bool bars_wins(const struct bars *bars, size_t index, enum metric metric)
{
    if (!isfinite(bars->bar[index].ratio))
        return false;
    for (size_t i = 0; i < bars->count; i++) {
        double other = bars->bar[i].ratio, own = bars->bar[index].ratio;
        if (isfinite(other) && (metric_info[metric].more_is_better ? other > own : other < own))
            return false;
    }
    return true;
}
