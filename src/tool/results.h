/* results.h - every figure of a series of runs: [row][allocator][metric][run], and what follows
 * from them.
 *
 * A row is one benchmark program, or the one command that is compared. A figure that could not be
 * had is NAN. HAKMEM is allocator 0; all others, the system's malloc too, are its peers.
 */
#ifndef HAKMEM_TOOL_RESULTS_H
#define HAKMEM_TOOL_RESULTS_H

#include "curve.h"
#include "peers.h"
#include "process.h"
#include "stats.h"

#include <stdbool.h>
#include <stddef.h>

enum metric {
    METRIC_OPS,
    METRIC_WALL,
    METRIC_CPU,
    METRIC_RSS,
    METRIC_FAULTS,
    METRIC_FREED, /* of --memory: what is still there once all was freed, */
    METRIC_IDLE,  /* and after a while without a call */
    METRICS
};

enum unit { UNIT_COUNT, UNIT_SECONDS, UNIT_BYTES };

struct metric_info {
    const char *key; /* in JSON */
    const char *title;
    const char *column; /* the same over a column */
    enum unit unit;
    bool more_is_better;
    double least; /* smaller figures count as this in ratios: less is the process's own noise */
};
extern const struct metric_info metric_info[METRICS];

enum { FAILURE_BYTES = 80 };
static const size_t NO_ALLOCATOR = (size_t)-1;

struct results {
    const struct allocator_list *allocators;
    const char **row_name;
    size_t rows;
    size_t runs;
    double *value;
    char (*failure)[FAILURE_BYTES]; /* [row][allocator]: "" while every run succeeded */
};

void results_start(struct results *results, const struct allocator_list *allocators, size_t rows,
                   size_t runs);

/* The figures of all runs of one metric. */
double *results_values(const struct results *results, size_t row, size_t allocator, enum metric metric);

/* Why this allocator failed on this row; "" when it did not. Writable. */
char *results_failure(const struct results *results, size_t row, size_t allocator);

/* Files what process_measure found. */
void results_store(const struct results *results, size_t row, size_t allocator, size_t run,
                   const struct process_result *process);

double results_median(const struct results *results, size_t row, size_t allocator, enum metric metric);

/* The peer with the best median; NO_ALLOCATOR when none has one. */
size_t results_best_peer(const struct results *results, size_t row, enum metric metric);

/* The median over the best peer's, neither below the metric's least: above 1 is better for throughput, below
 * 1 for all else. */
double results_ratio(const struct results *results, size_t row, size_t allocator, enum metric metric);
double results_geometric_mean(const struct results *results, size_t allocator, enum metric metric);

/* A figure with its unit. */
const char *results_format(enum metric metric, double value, char buffer[24]);

/* The median with its 95 % interval, "1.24 s (1.22..1.31)"; alone when there is no interval. */
enum { RESULT_INTERVAL_BYTES = 96 };
void results_format_interval(const struct results *results, size_t row, size_t allocator, enum metric metric,
                             char buffer[RESULT_INTERVAL_BYTES]);

/* Whether any run of HAKMEM failed. */
bool results_hakmem_failed(const struct results *results);

#endif
