/* json.h - the parts of JSON that several commands write alike. */
#ifndef HAKMEM_TOOL_JSON_H
#define HAKMEM_TOOL_JSON_H

#include "reader/reader.h"

#include <jansson.h>

/* A number of bytes or things; what JSON's readers cannot hold exactly is near. */
json_t *json_count(uint64_t value);

/* A string from a program's memory: what is no UTF-8 in it becomes '?'. */
json_t *json_text(const char *text);

/* "0x7f…": addresses are beyond what a number of JSON holds exactly. */
json_t *json_address(uint64_t address);

/* Adds what every answer about a process begins with: format, version, process, program, library, time. */
void json_add_source(json_t *object, const char *format, const struct reader_snapshot *snapshot);

/* Frees it once it is on standard output; false with errno when that failed. */
bool json_print(json_t *object);

#endif
