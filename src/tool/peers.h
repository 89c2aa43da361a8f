/* peers.h - the allocators that take part: HAKMEM, the system's, and every peer found or named. */
#ifndef HAKMEM_TOOL_PEERS_H
#define HAKMEM_TOOL_PEERS_H

#include "options.h"

#include <stdbool.h>
#include <stddef.h>

struct allocator {
    char name[32];    /* unique in its list: "HAKMEM", "mimalloc2" */
    char version[48]; /* as the library says itself; "" when it does not */
    char *path;       /* what is preloaded, links resolved; NULL for the system's malloc */
};

/* Item 0 is HAKMEM, item 1 the system's malloc, then the peers. */
struct allocator_list {
    struct allocator *item;
    size_t count;
};

enum { ALLOCATOR_HAKMEM, ALLOCATOR_SYSTEM };

struct peer_request {
    struct text_list named; /* "NAME=/path/lib.so" each */
    bool none;              /* leave out what is installed */
};

/* Finds the allocators and runs each once, to know that it can be preloaded and what version it is.
 * An installed peer that cannot be is left out with a line that says so. False, having said why, when
 * HAKMEM or a named peer cannot be used; *status is then main's. */
bool allocators_find(const char *command, const struct peer_request *request, struct allocator_list *list,
                     int *status);

/* One line each on standard output: name, version, path. */
void allocators_print(const struct allocator_list *list);

#endif
