/* fork.h - being called around fork.
 *
 * Handlers that are registered first are called last before a fork and first after it, so this is done
 * with the first heap, before any library's constructor can register its own. Standard I/O's list lock,
 * which libc takes around fork and under which it may allocate, is taken before the handlers' locks. */
#ifndef HAKMEM_OS_FORK_H
#define HAKMEM_OS_FORK_H

#include "base/config.h"

struct fork_handlers {
    bool (*prepare)(void); /* false: it holds nothing, and is to be called again */
    void (*parent)(void);
    void (*child)(void);
};

/* With no lock held; may allocate. Later calls do nothing, and return false. `handlers` is const for ever. */
bool fork_register(const struct fork_handlers *handlers) HIDDEN;

#endif
