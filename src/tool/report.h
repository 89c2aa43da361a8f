/* report.h - results as files: JSON for programs; a page, a picture and Markdown for people. */
#ifndef HAKMEM_TOOL_REPORT_H
#define HAKMEM_TOOL_REPORT_H

#include "curve.h"
#include "results.h"
#include "text.h"

#include <stdbool.h>

enum report_kind { REPORT_BENCH, REPORT_COMPARE };

struct report {
    const struct results *results;
    enum report_kind kind;
    char *const *command; /* NULL-ended. bench: its own words; compare: the program and its arguments, */
    const struct curve **curve; /* memory over time of a typical run, by allocator, and */
    const char *verdict;        /* the sentence that was printed */
};

/* All: false, having said why, when the file cannot be written. docs/hakmem-bench-schema.json describes
 * the JSON; SVG and Markdown are of bench only. */
bool report_write_json(const struct report *report, const char *path);
bool report_write_html(const struct report *report, const char *path);
bool report_write_svg(const struct report *report, const char *path);
bool report_write_markdown(const struct report *report, const char *path);

/* What the writers share. "X, 8 cores, Linux 6.1; medians of 9 runs each, interleaved; DATE": */
void report_add_conditions(struct text *text, const struct report *report);

/* The command as a shell would take it; bench's with "hakmem" before it. */
void report_add_command(struct text *text, const struct report *report);

/* Writes the file, and frees the text. */
bool report_write_text(struct text *text, const char *path);

#endif
