/* explain.h - what `hakmem explain` knows of a process, for its two ways to tell it. */
#ifndef HAKMEM_TOOL_EXPLAIN_H
#define HAKMEM_TOOL_EXPLAIN_H

#include "reader/advice.h"

#include <jansson.h>

struct explanation {
    const struct reader_snapshot *snapshot;
    const struct reader_parts *parts;
    const struct reader_growth *growth; /* seconds 0: there was one look only */
    const struct reader_advice *advice;
};

void explain_print(const struct explanation *told);

/* The format of docs/hakmem-explain-schema.json. */
json_t *explain_json(const struct explanation *told);

/* Prints it. False, with errno, when it cannot be written. */
bool explain_write_json(const struct explanation *told);

/* The classes with most free and cached memory first: their numbers; returns how many have any slab. */
size_t explain_sort_classes(const struct reader_parts *parts, unsigned order[READER_CLASSES]);

#endif
