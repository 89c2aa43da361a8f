/* probe.h - asks a process that has a library preloaded whose malloc it really got. */
#ifndef HAKMEM_TOOL_PROBE_H
#define HAKMEM_TOOL_PROBE_H

#include <stdbool.h>

struct probe {
    char answer[4200];
    const char *file;    /* in answer: the file that malloc lies in, links resolved, and */
    const char *version; /* what the allocator says of itself, or "" */
};

/* Runs this executable's probe-malloc with the library (NULL: none) preloaded. False when it did
 * not answer. */
bool probe_malloc(const char *library, struct probe *probe);

#endif
