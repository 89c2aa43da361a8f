#include "heap/scavenger.h"

#include "base/check.h"
#include "heap/collapse.h"
#include "heap/depot.h"
#include "heap/holes.h"
#include "heap/registry.h"
#include "heap/runcache.h"
#include "os/clock.h"
#include "os/futex.h"
#include "os/limits.h"
#include "os/lock.h"
#include "os/syscall.h"
#include "os/thread.h"
#include "os/vm.h"
#include "pool/pool.h"

enum {
    START_BYTES = HAKMEM_TORTURE ? 16384 : 4 * 1024 * 1024, /* retained by a program of several threads */
    START_ALONE_BYTES = 16 * 1024 * 1024,                   /* or of one */
    RETRY_MS = 100, /* between two looks at the heaps when the pool has got memory back */
    WORTH_BYTES = HAKMEM_TORTURE ? 1 : 1024 * 1024, /* free memory left that is worth another pass */
    STEP_UNITS = 256,                               /* looked at under one hold of the lock */
    PASS_UNITS = 65536,                             /* looked at in one pass: 4 GiB */
    LARGE_UNITS = 1024,                             /* a heap for huge pages; of several threads, */
    LARGE_ALONE_UNITS = 4096,                       /* or of one */
    WATCH_STEP_UNITS = 1024,                        /* 64 MiB of growth */
    TICK_MIN_MS = 10,
    WATCH_MS = 1000,       /* between two passes when memory is scarce, but none is left to give back */
    START_AGAIN_MS = 1000, /* after the system had no thread for us */
    IDLE_PASSES = 2,       /* without anything to do, and it ends */
    STUCK_PASSES = 16,     /* without any success */
};

enum { NO_THREAD, ALIVE };

struct scavenger_stats scavenger_stats;
_Atomic bool scavenger_wanted;
_Atomic size_t scavenger_watch_units = WATCH_STEP_UNITS;

static struct {
    struct lock lock;           /* a step of a pass */
    _Atomic uint32_t state;     /* whether there is a thread */
    _Atomic uint32_t poked;     /* something will not wait for the next pass; a futex word */
    _Atomic bool noticed;       /* much was freed since the last pass */
    _Atomic uint64_t next_look; /* when it is time to look whether a thread is worth it, */
    _Atomic uint64_t next_try;  /* and to start one */
    size_t unit, superslab;     /* [lock: scavenger] where the next pass goes on */
} scavenger;

/* ---- whether it is worth it */

static size_t free_in_heaps(void)
{
    uint64_t bytes = 0, published = 0, collected = 0;
    for (struct heap *heap = registry_heaps(); heap; heap = heap->next_heap) {
        bytes += bin_free_bytes(heap);
        published += atomic_load_explicit(&heap->stats.published_bytes, memory_order_relaxed);
        collected += atomic_load_explicit(&heap->stats.collected_bytes, memory_order_relaxed);
    }
    return bytes + (published > collected ? published - collected : 0);
}

static bool has_several_threads(void)
{
    size_t parked, of_nobody = registry_commons() != NULL;
    return registry_heap_count(&parked) > 1 + of_nobody;
}

static size_t least_bytes(void)
{
    return has_several_threads() ? START_BYTES : START_ALONE_BYTES;
}

static bool is_worth_a_thread(void)
{
    size_t retained = pool_retained_bytes(), least = least_bytes();
    return retained >= least || retained + depot_bytes() + free_in_heaps() >= least;
}

/* ---- a pass */

static void tidy_heap(struct heap *heap)
{
    slab_link released = 0;
    bool more = true;
    while (more) {
        heap_lock(heap);
        more = bin_collect(heap, COLLECT_STEP_SLABS, &released);
        heap_unlock(heap);
    }
    heap_lock(heap);
    bin_release_idle(heap, 1, &released);
    heap_unlock(heap);
    bin_give_released(heap, released);
    runcache_release_quiet(heap);
}

void scavenger_hold(void)
{
    lock_acquire(&scavenger.lock, LOCK_SCAVENGER);
}

bool scavenger_try_hold(void)
{
    return lock_try_acquire(&scavenger.lock, LOCK_SCAVENGER);
}

void scavenger_let_go(void)
{
    lock_release(&scavenger.lock, LOCK_SCAVENGER);
}

static void tidy_heaps(void)
{
    for (struct heap *heap = registry_heaps(); heap; heap = heap->next_heap) {
        scavenger_hold();
        tidy_heap(heap);
        scavenger_let_go();
    }
}

static void age_depot(void)
{
    struct heap *commons = registry_commons();
    if (!commons)
        return;
    scavenger_hold();
    depot_age(commons);
    scavenger_let_go();
}

/* From `unit` on, to the end of the heap or as far as a pass goes; returns where it stopped, 0: the end. */
static size_t purge_holes(size_t unit, bool all, struct holes_result *result)
{
    size_t units = all ? SIZE_MAX : PASS_UNITS;
    do {
        scavenger_hold();
        holes_purge(&unit, STEP_UNITS, all ? HOLES_ALL : HOLES_QUIET, result);
        scavenger_let_go();
        units -= STEP_UNITS;
    } while (unit && units >= STEP_UNITS);
    return unit;
}

void scavenger_note_purged(size_t units_bytes, size_t holes_bytes)
{
    atomic_fetch_add_explicit(&scavenger_stats.purged_bytes, units_bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&scavenger_stats.holes_bytes, holes_bytes, memory_order_relaxed);
}

struct pass {
    size_t bytes; /* given back */
    bool more;    /* something may be worth it later */
};

/* A heap of which most was never touched would only get resident bit by bit, if it was all kept and used in
 * turn. */
static void judge_lru(void)
{
    pool_keep_peak(limits_resident_bytes() >= pool_resident_bytes() / 2);
}

static struct pass make_pass(void)
{
    struct holes_result holes = {0};
    limits_read();
    pool_set_haste(limits_haste());
    judge_lru();
    age_depot();
    tidy_heaps();
    scavenger.unit = purge_holes(scavenger.unit, false, &holes);
    size_t bytes = pool_purge(PURGE_AGED);
    scavenger_note_purged(bytes, holes.bytes);
    bool denser;
    size_t huge_pages = collapse_dense(&scavenger.superslab, &denser);
    atomic_fetch_add_explicit(&scavenger_stats.huge_pages, huge_pages, memory_order_relaxed);
    atomic_fetch_add_explicit(&scavenger_stats.passes, 1, memory_order_relaxed);
    size_t left = holes.not_quiet + depot_bytes() + pool_retained_bytes();
    return (struct pass){bytes + holes.bytes, left >= WORTH_BYTES || scavenger.unit || denser};
}

/* ---- the thread */

static _Atomic long process; /* that we are of; 0: not known yet */

void scavenger_note_process(void)
{
    atomic_store_explicit(&process, syscall_raw(SYS_getpid, 0, 0, 0, 0, 0, 0), memory_order_relaxed);
}

/* The child of vfork has our memory, but a thread that it starts ends with it, whatever it holds then. */
static bool is_of_another_process(void)
{
    long known = atomic_load_explicit(&process, memory_order_relaxed);
    return known && known != syscall_raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

static uint64_t tick_ms(bool idle)
{
    uint64_t tick = size_max(TICK_MIN_MS, OPTION_VALUE(decay_ms) / 2 >> limits_haste());
    return idle && limits_haste() ? size_max(tick, WATCH_MS) : tick;
}

static bool is_called_off(void)
{
    return !OPTION_VALUE(scavenger) || thread_is_last();
}

/* Until the next pass is due: passes are how slabs are told to be quiet, so none comes before its time. What
 * will not wait is an LRU over its limits. Returns bytes given back. */
static size_t wait_for_tick(bool idle)
{
    size_t bytes = 0;
    uint64_t begin = clock_coarse_ms(), now = begin, ms;
    for (; now - begin < (ms = tick_ms(idle)) && !is_called_off(); now = clock_coarse_ms()) {
        futex_sleep_ms(&scavenger.poked, 0, begin + ms - now);
        if (atomic_exchange_explicit(&scavenger.poked, 0, memory_order_acquire))
            bytes += pool_purge(PURGE_LRU);
    }
    scavenger_note_purged(bytes, 0);
    return bytes;
}

static void work(void)
{
    int idle = 0, stuck = 0;
    judge_lru();
    while ((idle < IDLE_PASSES && stuck < STUCK_PASSES) || limits_haste()) {
        size_t bytes = wait_for_tick(idle > 0);
        if (is_called_off())
            return;
        bool noticed = atomic_exchange(&scavenger.noticed, false);
        struct pass pass = make_pass();
        bytes += pass.bytes;
        idle = bytes >= WORTH_BYTES || pass.more || noticed ? 0 : idle + 1;
        stuck = bytes || noticed ? 0 : stuck + 1;
    }
}

/* False: much was freed meanwhile, by somebody who took it that there is a thread. */
static bool leave(void)
{
    uint32_t none = NO_THREAD;
    pool_keep_peak(false);
    atomic_store(&scavenger.state, NO_THREAD);
    return !atomic_load(&scavenger.noticed) || is_called_off() ||
           !atomic_compare_exchange_strong(&scavenger.state, &none, ALIVE);
}

static void run(void)
{
    tls_real = registry_make_commons();
    scavenger_hold();
    vm_allow_batches();
    scavenger_let_go();
    do
        work();
    while (!leave());
}

COLD void scavenger_start(void)
{
    uint32_t none = NO_THREAD;
    atomic_store_explicit(&scavenger_wanted, false, memory_order_relaxed);
    if (!OPTION_VALUE(scavenger) || is_of_another_process() ||
        !atomic_compare_exchange_strong(&scavenger.state, &none, ALIVE))
        return;
    atomic_store_explicit(&scavenger.poked, 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&scavenger_stats.starts, 1, memory_order_relaxed);
    if (thread_start(run, "hakmem"))
        return;
    atomic_store_explicit(&scavenger.next_try, clock_coarse_ms() + START_AGAIN_MS, memory_order_relaxed);
    atomic_store(&scavenger.state, NO_THREAD);
}

static void want(void)
{
    if (clock_coarse_ms() >= atomic_load_explicit(&scavenger.next_try, memory_order_relaxed))
        atomic_store_explicit(&scavenger_wanted, true, memory_order_relaxed);
}

static bool is_alive(void)
{
    return atomic_load(&scavenger.state) != NO_THREAD;
}

void scavenger_poke(void)
{
    if (!OPTION_VALUE(scavenger))
        return;
    if (!atomic_load_explicit(&scavenger.noticed, memory_order_relaxed))
        atomic_store(&scavenger.noticed, true);
    if (!is_alive() && is_worth_a_thread())
        want();
}

static void wake(void)
{
    if (!atomic_exchange_explicit(&scavenger.poked, 1, memory_order_release))
        futex_wake(&scavenger.poked);
}

void scavenger_note_options(void)
{
    if (is_alive())
        wake();
}

/* At most one look in RETRY_MS. */
static bool is_time_to_look(void)
{
    uint64_t now = clock_coarse_ms(), next = atomic_load_explicit(&scavenger.next_look, memory_order_relaxed);
    return now >= next && atomic_compare_exchange_strong(&scavenger.next_look, &next, now + RETRY_MS);
}

/* For the pool: true when its purging is taken care of. */
static bool purger(size_t retained_bytes, bool over)
{
    if (!OPTION_VALUE(scavenger))
        return false;
    if (!is_alive() && (retained_bytes >= least_bytes() || (is_time_to_look() && is_worth_a_thread())))
        want();
    if (is_alive() && over)
        wake();
    return is_alive();
}

/* A limit near by is a reason for a thread: it gives free memory back sooner, and says when it gets tight. So
 * is a heap that huge pages may pay for. */
COLD void scavenger_note_growth(void)
{
    size_t units = region_units(), step = size_max(WATCH_STEP_UNITS, units / 16);
    atomic_store_explicit(&scavenger_watch_units, units + step, memory_order_relaxed);
    if (!OPTION_VALUE(scavenger))
        return;
    limits_read();
    size_t large = has_several_threads() ? LARGE_UNITS : LARGE_ALONE_UNITS;
    if ((limits_haste() || units >= large) && !is_alive())
        want();
}

void scavenger_init(void)
{
    thread_start_init();
    pool_set_purger(purger);
}

size_t scavenger_trim(void)
{
    struct holes_result holes = {0};
    registry_trim();
    purge_holes(0, true, &holes);
    size_t bytes = pool_purge(PURGE_ALL);
    scavenger_note_purged(bytes, holes.bytes);
    return bytes + holes.bytes;
}

/* ---- fork */

void scavenger_fork_prepare(void)
{
    lock_fork_acquire(&scavenger.lock);
}

void scavenger_fork_parent(void)
{
    lock_fork_release(&scavenger.lock);
}

void scavenger_fork_child(void)
{
    scavenger_note_process();
    pool_keep_peak(false);
    atomic_store_explicit(&scavenger.state, NO_THREAD, memory_order_relaxed);
    if (!lock_fork_reset(&scavenger.lock))
        holes_fork_child();
}
