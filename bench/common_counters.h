/* common_counters.h - hardware counters of a stretch of this process, where the kernel gives them. */
#ifndef HAKMEM_BENCH_COUNTERS_H
#define HAKMEM_BENCH_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

enum bench_counter {
    COUNTER_CYCLES,
    COUNTER_INSTRUCTIONS,
    COUNTER_BRANCHES,
    COUNTER_BRANCH_MISSES,
    COUNTER_CACHE_REFERENCES,
    COUNTER_CACHE_MISSES,
    COUNTERS
};

struct bench_counters {
    int fd[COUNTERS]; /* -1: this one is not available */
    double value[COUNTERS];
    int error; /* errno of the first that could not be opened; 0 when all are there */
};

/* Opens every counter that can be, stopped, for user-mode code of the calling thread. */
void bench_counters_open(struct bench_counters *counters);

void bench_counters_start(struct bench_counters *counters);

/* Stops and reads them, scaled up where the kernel had to share the hardware. */
void bench_counters_stop(struct bench_counters *counters);

/* One table of what was counted, or one line that says why nothing was. */
void bench_counters_print(const struct bench_counters *counters, uint64_t operations);

#endif
