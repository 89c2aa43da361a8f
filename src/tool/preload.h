/* preload.h - the LD_PRELOAD variable. */
#ifndef HAKMEM_TOOL_PRELOAD_H
#define HAKMEM_TOOL_PRELOAD_H

#include <stdbool.h>

/* Sets LD_PRELOAD of this process to the library alone; without one (NULL), unsets it. */
void preload_set(const char *library);

/* Puts the library first and keeps what was there after it. False, having said why, when the
 * dynamic linker could not read such a path. */
bool preload_add(const char *library);

/* Whether the dynamic linker can read this path there: it splits at colons and spaces. */
bool preload_can_name(const char *library);

#endif
