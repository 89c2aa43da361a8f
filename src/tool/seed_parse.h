/* seed_parse.h - reads what the seed benchmark (bench/random_mixed.c) prints of a run. */
#ifndef HAKMEM_TOOL_SEED_PARSE_H
#define HAKMEM_TOOL_SEED_PARSE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    SEED_COUNTERS = 12,
    SEED_RATES = 4,
    SEED_CALLS = 48,
    SEED_COSTS = 5,
    SEED_NAME_BYTES = 32,
    SEED_TEXT_BYTES = 128
};

struct seed_counter {
    char name[SEED_NAME_BYTES];
    double value; /* NAN: not available */
    double each;  /* an operation; NAN for a rate */
};

struct seed_rate {
    char name[SEED_NAME_BYTES];
    double percent; /* NAN: none asked for */
    double of;
    char unit[SEED_NAME_BYTES];
};

struct seed_call {
    char name[SEED_NAME_BYTES];
    double loop, loop_us, process, process_us;
};

struct seed_cost {
    double percent, ms;
    char text[SEED_TEXT_BYTES];
};

/* Numbers that were not printed are NAN. */
struct seed_figures {
    double throughput; /* operations a second */
    char parameters[SEED_TEXT_BYTES];
    double faults_loop, faults_process, peak_rss_bytes, superslabs;
    char no_counters[SEED_TEXT_BYTES]; /* why there are none; "" when there are */
    char no_calls[SEED_TEXT_BYTES];    /* likewise, of system calls */
    struct seed_counter counter[SEED_COUNTERS];
    struct seed_rate rate[SEED_RATES];
    struct seed_call call[SEED_CALLS]; /* the last is "total" */
    struct seed_cost cost[SEED_COSTS]; /* most expensive first */
    size_t counters, rates, calls, costs;
};

/* False when it is no such report: it lacks the line of the throughput. */
bool seed_parse(const char *output, struct seed_figures *figures);

#endif
