/* init.c - start and end of the library in a process. Nothing here is needed for the first malloc: that
 * works on zeroed memory and the options' defaults, however early it comes. */
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "front/checked.h"
#include "front/foreign.h"
#include "heap/guard.h"
#include "heap/registry.h"
#include "heap/scavenger.h"
#include "pool/pool.h"

extern char **environ;

static bool is_ours; /* the process's malloc is HAKMEM */

static void prewarm(void)
{
    size_t wanted = OPTION_VALUE(ss_prewarm);
    if (!wanted || !region_claim())
        return;
    if (OPTION_VALUE(ss_lru_size) < wanted)
        atomic_store_explicit(&options.ss_lru_size, (uint32_t)wanted, memory_order_relaxed);
    size_t done = pool_prewarm(wanted);
    if (OPTION_VALUE(ss_prewarm_debug))
        log_line("prewarm: %zu of %zu SuperSlabs mapped and populated", done, wanted);
}

static __attribute__((constructor)) void start(void)
{
    is_ours = !foreign_is_in_charge();
    if (!is_ours)
        return;
    options_read(getauxval(AT_SECURE) ? NULL : environ);
    if (OPTION_VALUE(help))
        options_print(true);
    if (OPTION_VALUE(verbose))
        options_print(false);
    if (OPTION_VALUE(front_stats))
        registry_gate(true);
    scavenger_init();
    if (!HAKMEM_TESTING)
        guard_start();
    alarm_init();
    prewarm();
}

static __attribute__((destructor)) void end(void)
{
    if (is_ours)
        checked_end();
    if (is_ours && OPTION_VALUE(stats))
        report_print();
    else if (is_ours && OPTION_VALUE(front_stats))
        report_print_front();
}
