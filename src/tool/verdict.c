/* verdict.c - weighs the figures of `hakmem compare`. */
#include "verdict.h"

#include <math.h>
#include <stdlib.h>

static const double CONFIDENCE = 0.95, SAME_MEMORY = 0.01;

struct comparison comparison_make(const struct results *results, size_t peer, enum metric metric)
{
    struct comparison comparison = {peer, (double)NAN, {false, (double)NAN, (double)NAN, 0}};
    if (peer == NO_ALLOCATOR || *results_failure(results, 0, ALLOCATOR_HAKMEM))
        return comparison;
    double *ratio = memory_resize(NULL, results->runs, sizeof *ratio);
    const double *ours = results_values(results, 0, ALLOCATOR_HAKMEM, metric);
    const double *theirs = results_values(results, 0, peer, metric);
    for (size_t i = 0; i < results->runs; i++)
        ratio[i] = theirs[i] / ours[i];
    comparison.ratio = stats_median(ratio, results->runs);
    comparison.interval = stats_median_interval(ratio, results->runs, CONFIDENCE);
    free(ratio);
    return comparison;
}

static double percent_above(double ratio)
{
    return 100 * (ratio - 1);
}

static bool within_noise(const struct comparison *speed)
{
    const struct interval *interval = &speed->interval;
    return interval->valid && interval->low <= 1 && interval->high >= 1;
}

/* "is 4 % faster (95 % CI 1..7 %)", turned round when HAKMEM is slower. */
static void speed_write(const struct comparison *speed, struct text *text)
{
    bool faster = speed->ratio >= 1;
    const struct interval *interval = &speed->interval;
    text_add(text, "is %.1f %% %s ", percent_above(faster ? speed->ratio : 1 / speed->ratio),
             faster ? "faster" : "slower");
    if (interval->valid)
        text_add(text, "(95 %% CI %.1f..%.1f %%)", percent_above(faster ? interval->low : 1 / interval->high),
                 percent_above(faster ? interval->high : 1 / interval->low));
    else
        text_add(text, "(too few runs for an interval)");
}

static void memory_write(double ours_to_theirs, struct text *text)
{
    if (fabs(ours_to_theirs - 1) < SAME_MEMORY)
        text_add(text, "uses as much memory as");
    else if (ours_to_theirs < 1)
        text_add(text, "uses %.0f %% less memory than", -percent_above(ours_to_theirs));
    else
        text_add(text, "uses %.0f %% more memory than", percent_above(ours_to_theirs));
}

static double memory_ratio(const struct results *results, size_t peer)
{
    return results_median(results, 0, ALLOCATOR_HAKMEM, METRIC_RSS) /
           results_median(results, 0, peer, METRIC_RSS);
}

void verdict_write(const struct results *results, struct text *text)
{
    size_t fastest = results_best_peer(results, 0, METRIC_WALL);
    size_t leanest = results_best_peer(results, 0, METRIC_RSS);
    struct comparison speed = comparison_make(results, fastest, METRIC_WALL);
    if (!isfinite(speed.ratio)) {
        text_add(text, "There is nothing to compare: %s failed.",
                 fastest == NO_ALLOCATOR ? "every peer" : "HAKMEM");
        return;
    }
    if (within_noise(&speed)) {
        text_add(text,
                 "HAKMEM's speed differs from the fastest peer's within the noise only (%+.1f %%, "
                 "95 %% CI %+.1f..%+.1f %%); it ",
                 percent_above(speed.ratio), percent_above(speed.interval.low),
                 percent_above(speed.interval.high));
        memory_write(memory_ratio(results, fastest), text);
        text_add(text, " that peer, %s.", results->allocators->item[fastest].name);
    } else {
        text_add(text, "HAKMEM ");
        speed_write(&speed, text);
        text_add(text, " and ");
        memory_write(memory_ratio(results, fastest), text);
        text_add(text, " the fastest peer, %s.", results->allocators->item[fastest].name);
    }
    if (leanest != fastest) {
        text_add(text, " It ");
        memory_write(memory_ratio(results, leanest), text);
        text_add(text, " the leanest, %s.", results->allocators->item[leanest].name);
    }
}
