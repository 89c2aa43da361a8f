/* symbols.h - which function, file and line an address of a program or library is. */
#ifndef HAKMEM_TOOL_SYMBOLS_H
#define HAKMEM_TOOL_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "text.h"

struct symbols;

/* NULL: this command was built without libdw. */
struct symbols *symbols_open(void);
void symbols_close(struct symbols *symbols);

/* Adds "function" or "function (file:line)" for the byte `offset` behind the place where the file's first
 * byte is mapped; false when nothing is known. */
bool symbols_add(struct symbols *symbols, const char *path, uint64_t offset, struct text *text);

#endif
