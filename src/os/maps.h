/* maps.h - what is mapped at an address, for a message about a bad pointer. Reads /proc/self/maps by pieces:
 * no allocation, no errno, about 700 bytes of stack; slow. */
#ifndef HAKMEM_OS_MAPS_H
#define HAKMEM_OS_MAPS_H

#include "base/config.h"

enum { MAPS_NAME_BYTES = 64 };

/* A mapping [start, end); start == end: there is none. */
struct mapping {
    uintptr_t start, end;
    char access[5];             /* "rw-p" */
    char name[MAPS_NAME_BYTES]; /* the end of its file's path, "[stack]" and the like; "": memory without one
                                 */
};

/* The mapping that holds the address; else the nearest one, below or above. False when /proc cannot be
 * read. */
bool maps_nearest(uintptr_t address, struct mapping *nearest) HIDDEN;

/* The file that is mapped at an address, and where its first byte is, or would be. */
enum { MAPS_PATH_BYTES = 256 };
struct module {
    uintptr_t base;
    char path[MAPS_PATH_BYTES]; /* the end of a longer one */
};
bool maps_module(uintptr_t address, struct module *module) HIDDEN;

static inline bool mapping_holds(const struct mapping *mapping, uintptr_t address)
{
    return address - mapping->start < mapping->end - mapping->start;
}

#endif
