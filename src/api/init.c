/* init.c - start and end of the library in a process. Nothing here is needed for the first malloc: that
 * works on zeroed memory and the options' defaults, however early it comes. */
#include <stdlib.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "front/checked.h"
#include "front/foreign.h"
#include "front/watch.h"
#include "hakmem.h"
#include "heap/guard.h"
#include "heap/registry.h"
#include "heap/scavenger.h"
#include "heap/thrift.h"
#include "os/vm.h"
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

/* Nothing writes them from here on: what the first malloc of a process reads of them is read before. */
static void seal_options(void)
{
    watch();
    vm_seal((uintptr_t)&options, sizeof options);
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
    thrift_begin();
    if (!HAKMEM_TESTING)
        guard_start();
    if (OPTION_VALUE(check))
        guard_explain_by(checked_explain);
    alarm_init();
    prewarm();
    if (OPTION_VALUE(secure))
        seal_options();
}

static bool look_at_block(void *block, size_t bytes, void *argument)
{
    (void)bytes, (void)argument;
    checked_look_at(block);
    return true;
}

/* What was done to blocks that nobody freed. */
static void look_at_all(void)
{
    checked_look_at_quarantine();
    hakmem_walk(look_at_block, NULL);
}

/* A signal handler that interrupted the allocator may call exit, and a thread that left a walk by longjmp
 * holds its locks for ever: then there is no report. */
static __attribute__((destructor)) void end(void)
{
    if (thread_may_hold_locks(tls_heap))
        return;
    if (is_ours && OPTION_VALUE(check) && !thread_is_inside())
        look_at_all();
    if (is_ours && OPTION_VALUE(stats))
        report_print();
    else if (is_ours && OPTION_VALUE(front_stats))
        report_print_front();
}
