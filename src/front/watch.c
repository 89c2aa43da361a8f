#include "front/watch.h"

#include "heap/registry.h"

_Atomic unsigned watch_state;

/* Several threads may be first; they read the same. */
unsigned watch_decide(void)
{
    watch_read_options();
    unsigned state = (OPTION_VALUE(check) ? WATCH_CHECK : 0u) | (OPTION_VALUE(secure) ? WATCH_SECURE : 0u);
    if (state)
        registry_close_gates();
    state |= WATCH_DECIDED;
    atomic_store_explicit(&watch_state, state, memory_order_relaxed);
    return state;
}
