/* findings.h - what a check found: a line each. */
#ifndef HAKMEM_TOOL_FINDINGS_H
#define HAKMEM_TOOL_FINDINGS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum finding_level { FINDING_OK, FINDING_NOTE, FINDING_PROBLEM };

struct finding {
    enum finding_level level;
    const char *check; /* "library", "symbols" … */
    char *text;        /* what is so, and after a semicolon or colon what to do */
};

struct findings {
    struct finding *item;
    size_t count;
};

void finding_add(struct findings *findings, enum finding_level level, const char *check, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));
void findings_free(struct findings *findings);

size_t findings_count(const struct findings *findings, enum finding_level level);

/* A line each, and one that sums up. False, with errno, when they cannot be written. */
bool findings_print(const struct findings *findings);

/* The format of docs/hakmem-doctor-schema.json, without what is said of the process. */
json_t *findings_json(const struct findings *findings);

#endif
