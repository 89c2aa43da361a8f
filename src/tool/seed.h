/* seed.h - `hakmem bench --seed-report`: the seed benchmark under every allocator, and what it cost. */
#ifndef HAKMEM_TOOL_SEED_H
#define HAKMEM_TOOL_SEED_H

#include "peers.h"
#include "results.h"
#include "seed_parse.h"

struct seed_request {
    const struct allocator_list *allocators;
    size_t runs;            /* of the loop alone, for the throughput; one more tells the rest */
    const char *operations; /* "": the benchmark's own */
    const char *html, *markdown;
    char *const *command; /* words of the command line, for the reports */
};

struct seed_report {
    const struct seed_request *request;
    struct results results;       /* one row, METRIC_OPS */
    struct seed_figures *figures; /* by allocator */
    double loop_ops;              /* of the loop without an allocator, a second; NAN: not known */
};

/* Runs, prints, writes; main's status. */
int seed_report_make(const struct seed_request *request);

/* Writers: false, having said why, when the file cannot be written. */
bool seed_write_html(const struct seed_report *report, const char *path);
bool seed_write_markdown(const struct seed_report *report, const char *path);

/* What is said of the report at its head: "random_mixed, 200000 operations …; X, 8 cores, …". The caller
 * frees it. */
char *seed_conditions(const struct seed_report *report);
char *seed_command_line(const struct seed_report *report);

#endif
