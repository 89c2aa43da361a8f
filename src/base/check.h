/* check.h - assertions of the allocator's own invariants: on in debug, torture and test builds, no
 * code at all otherwise. A failed one is a bug of HAKMEM's, never of the program's. */
#ifndef HAKMEM_BASE_CHECK_H
#define HAKMEM_BASE_CHECK_H

#include "base/config.h"
#include "base/log.h"

#define CHECK(condition)                                                                                     \
    do {                                                                                                     \
        if (HAKMEM_DEBUG && unlikely(!(condition)))                                                          \
            log_fatal("bug in HAKMEM: %s:%d: not true: %s", __FILE__, __LINE__, #condition);                 \
    } while (0)

#endif
