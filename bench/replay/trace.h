/* trace.h - a recorded sequence of allocations (bench/traces/README.md), in memory and event by event. */
#ifndef HAKMEM_BENCH_TRACE_H
#define HAKMEM_BENCH_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum trace_kind { TRACE_MALLOC, TRACE_FREE, TRACE_REALLOC, TRACE_CALLOC, TRACE_ALIGNED };

struct trace {
    const unsigned char *event;
    size_t bytes;
    size_t events;
    size_t blocks;     /* allocated in all */
    size_t peak_event; /* after that many, most bytes are live */
    uint64_t peak_requested;
};

struct trace_event {
    enum trace_kind kind;
    size_t block;     /* which of the trace's blocks, from 0 */
    size_t bytes;     /* 0 of a free */
    size_t alignment; /* of an aligned allocation */
};

/* Where a replay is. */
struct trace_cursor {
    size_t at;
    size_t events;
    size_t blocks; /* allocated so far */
};

/* Unpacks one of the traces in this program into pages of its own; 0 is the first. Nothing is allocated
 * by malloc. Ends the program when the trace is damaged. */
void trace_open(struct trace *trace, size_t index);

/* False at the end. */
bool trace_next(const struct trace *trace, struct trace_cursor *cursor, struct trace_event *event);

/* Their names, to be chosen by. */
enum { TRACES = 3 };
extern const char *const trace_name[TRACES];

#endif
