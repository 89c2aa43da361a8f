/* report.h - results as files: JSON for programs; a page, a picture and Markdown for people. */
#ifndef HAKMEM_TOOL_REPORT_H
#define HAKMEM_TOOL_REPORT_H

#include "curve.h"
#include "results.h"
#include "text.h"

#include <stdbool.h>

enum report_kind { REPORT_BENCH, REPORT_COMPARE, REPORT_MEMORY };

struct report {
    const struct results *results;
    enum report_kind kind;
    char *const *command; /* NULL-ended. bench: its own words; compare: the program and its arguments, */
    const char *verdict;  /* and the sentence that was printed */
    const struct curve **curve; /* [row][allocator]: memory over time of a typical run; NULL of bench */
};

/* All: false, having said why, when the file cannot be written. docs/hakmem-bench-schema.json describes
 * the JSON; SVG and Markdown are of bench, with --memory or without. */
bool report_write_json(const struct report *report, const char *path);
bool report_write_html(const struct report *report, const char *path);
bool report_write_svg(const struct report *report, const char *path);
bool report_write_markdown(const struct report *report, const char *path);

/* The metrics that a report of this kind has, and how many. */
const enum metric *report_metrics(enum report_kind kind, size_t *count);

/* The curve of one allocator on one row. */
const struct curve *report_curve(const struct report *report, size_t row, size_t allocator);

/* What the writers share. "X, 8 cores, Linux 6.1; medians of 9 runs each, interleaved; DATE": */
void report_add_conditions(struct text *text, const struct report *report);

/* The command as a shell would take it; bench's with "hakmem" before it. */
void report_add_command(struct text *text, const struct report *report);

/* Writes the file, and frees the text. */
bool report_write_text(struct text *text, const char *path);

#endif
