/* quantity.h - sizes and times on a command line: "64M", "1.5G", "200ms", "1s", "2m". */
#ifndef HAKMEM_TOOL_QUANTITY_H
#define HAKMEM_TOOL_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes: a number above 0 with K, M, G or T (powers of 1024; "KiB", "kb" and the like too) or none. */
bool quantity_read_bytes(const char *text, uint64_t *bytes);

/* Seconds: a number above 0 with ms, s, m or h, or none for seconds. */
bool quantity_read_seconds(const char *text, double *seconds);

#endif
