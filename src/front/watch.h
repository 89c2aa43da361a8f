/* watch.h - whether every call of this process is watched: HAKMEM_CHECK, HAKMEM_SECURE.
 *
 * Decided once, by the first call that allocates or frees, from the environment as it is then, so that every
 * block was made under the same rules: none without a record among checked ones. In a watched process all
 * threads' gates are closed from their birth, so only calls that come by the gate ask. */
#ifndef HAKMEM_FRONT_WATCH_H
#define HAKMEM_FRONT_WATCH_H

#include <stdatomic.h>

#include "base/config.h"

enum { WATCH_CHECK = 1, WATCH_SECURE = 2, WATCH_ALL = 3, WATCH_DECIDED = 4 };

extern _Atomic unsigned watch_state HIDDEN;

unsigned watch_decide(void) HIDDEN COLD;

/* WATCH_ bits. */
static inline unsigned watch(void)
{
    unsigned state = atomic_load_explicit(&watch_state, memory_order_relaxed);
    return likely(state) ? state : watch_decide();
}

static inline bool watch_checks(void)
{
    return unlikely(watch() & WATCH_CHECK);
}

static inline bool watch_secures(void)
{
    return unlikely(watch() & WATCH_SECURE);
}

/* The api floor, which reads options: sets options.check and options.secure. A call that goes up. */
void watch_read_options(void) HIDDEN;

#endif
