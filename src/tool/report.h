/* report.h - results as files: JSON for programs, a page for people. */
#ifndef HAKMEM_TOOL_REPORT_H
#define HAKMEM_TOOL_REPORT_H

#include "curve.h"
#include "results.h"

#include <stdbool.h>

enum report_kind { REPORT_BENCH, REPORT_COMPARE };

struct report {
    const struct results *results;
    enum report_kind kind;
    char *const *command;       /* compare: the program and its arguments, NULL-ended, */
    const struct curve **curve; /* memory over time of a typical run, by allocator, and */
    const char *verdict;        /* the sentence that was printed */
};

/* Both: false, having said why, when the file cannot be written. docs/hakmem-bench-schema.json describes
 * the JSON. */
bool report_write_json(const struct report *report, const char *path);
bool report_write_html(const struct report *report, const char *path);

#endif
