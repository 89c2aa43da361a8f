/* process.h - runs one program once and measures it. */
#ifndef HAKMEM_TOOL_PROCESS_H
#define HAKMEM_TOOL_PROCESS_H

#include "curve.h"

#include <stdbool.h>

enum { PROCESS_OUTPUT_BYTES = 8192 };

struct process_request {
    char *const *argv;
    const char *preload;   /* NULL: none */
    bool quiet_benchmark;  /* BENCH_QUIET=1, and its standard output is kept */
    bool keep_output;      /* its standard output is kept, without that */
    double time_limit_s;   /* killed after that; 0: no limit */
    struct curve *curve;   /* filled with memory over time; NULL: not wanted */
    bool look_for_library; /* sample the memory map for `preload` until it is seen */
};

struct process_result {
    double wall_s;
    double cpu_s;          /* user and system, of the program and the children it waited for */
    double peak_rss_bytes; /* of the largest process among them */
    double page_faults;
    int exec_error;  /* errno when the program could not be started; else 0 */
    int wait_status; /* as wait gives it */
    bool timed_out;
    bool library_seen;
    char output[PROCESS_OUTPUT_BYTES]; /* the start of standard output, when that is kept */
};

/* Blocks SIGCHLD in this process, which process_measure waits for; children get the old mask. */
void process_prepare(void);

/* False, with errno, when no process could be made. */
bool process_measure(const struct process_request *request, struct process_result *result);

/* Whether it ended by itself with status 0. */
bool process_succeeded(const struct process_result *result);

/* "exit status 3", "killed by SIGSEGV", "took longer than 60 s", … */
void process_describe(const struct process_result *result, char *buffer, size_t size);

#endif
