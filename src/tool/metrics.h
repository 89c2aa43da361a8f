/* metrics.h - the counters of a snapshot under their names, as text, JSON and OpenMetrics. */
#ifndef HAKMEM_TOOL_METRICS_H
#define HAKMEM_TOOL_METRICS_H

#include "reader/reader.h"
#include "text.h"

#include <jansson.h>

void metrics_add_text(const struct reader_snapshot *snapshot, struct text *out);

/* The format of docs/hakmem-stats-schema.json. */
json_t *metrics_json(const struct reader_snapshot *snapshot);

/* OpenMetrics 1.0, ended by its "# EOF". */
void metrics_add_openmetrics(const struct reader_snapshot *snapshot, struct text *out);

#endif
