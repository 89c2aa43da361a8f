/* suite.h - the benchmark programs that `hakmem bench` runs, and how. */
#ifndef HAKMEM_TOOL_SUITE_H
#define HAKMEM_TOOL_SUITE_H

#include <stdbool.h>
#include <stddef.h>

enum { SUITE_ARGUMENTS = 5 };

struct suite_case {
    const char *name;
    const char *program;
    const char *arguments[SUITE_ARGUMENTS];       /* the first is the number of operations; NULL ends */
    const char *quick_operations;                 /* takes its place with --quick */
    const char *quick_arguments[SUITE_ARGUMENTS]; /* take the place of all, of memory's */
    bool memory;                                  /* of --memory: its memory is looked at over time */
    bool fixed_operations;                        /* --ops does not apply */
    bool memory_a_thread;                         /* measures KiB a thread, not throughput */
    const char *about;
};

extern const struct suite_case suite_case[];
extern const size_t suite_cases;

/* NULL when there is none of that name (`length` characters). */
const struct suite_case *suite_find(const char *name, size_t length);

/* Names those of --memory, or the others. */
void suite_print(bool memory);

#endif
