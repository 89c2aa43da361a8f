/* common_trace.h - the system calls of a program's own run, by name, with count and time.
 *
 * A second run of the same program, traced, so that the timed run is undisturbed. The traced run
 * tells where its loop starts and ends by marker calls that the kernel refuses at once.
 */
#ifndef HAKMEM_BENCH_TRACE_H
#define HAKMEM_BENCH_TRACE_H

#include <stdbool.h>
#include <stdint.h>

enum { TRACE_CALLS_MOST = 512 };

enum bench_mark { MARK_CALIBRATE_BEGIN, MARK_CALIBRATE_END, MARK_LOOP_BEGIN, MARK_LOOP_END };

struct bench_calls {
    uint64_t count[TRACE_CALLS_MOST]; /* by system call number; higher ones share the last place */
    uint64_t ns[TRACE_CALLS_MOST];    /* entry to return, less what the tracing itself takes */
};

struct bench_trace {
    struct bench_calls process; /* from the program's start to its exit */
    struct bench_calls loop;    /* between the loop's marks */
    uint64_t tracing_ns;        /* what tracing adds to a call, measured, already subtracted */
};

/* Whether this is the traced run: then main sets the marks. */
bool bench_is_traced(void);
void bench_trace_calibrate(void);
void bench_trace_mark(enum bench_mark mark);

/* Runs this program again with the same arguments, traced. False, with errno, when the kernel
 * does not allow it. */
bool bench_trace_self(char **argv, struct bench_trace *trace);

/* "mmap", or NULL when the number has no name here. */
const char *bench_call_name(unsigned number);

/* The table of calls, the most frequent first; totals of one phase. */
void bench_trace_print(const struct bench_trace *trace);
uint64_t bench_calls_count(const struct bench_calls *calls);
uint64_t bench_calls_ns(const struct bench_calls *calls);

#endif
