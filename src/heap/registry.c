#include "heap/registry.h"

#include <string.h>

#include "base/check.h"
#include "heap/depot.h"
#include "heap/fastcache.h"
#include "heap/guard.h"
#include "heap/quarantine.h"
#include "heap/runcache.h"
#include "heap/scavenger.h"
#include "heap/thrift.h"
#include "os/fork.h"
#include "os/limits.h"
#include "os/thread.h"
#include "pool/pool.h"
#include "region/image.h"

enum {
    FRESH_HEAPS_MAX = 32,    /* heaps are never freed */
    HEAPS_A_LOOK = 8,        /* for a lender: each is a cache line that others write */
    FULL_CACHES = 16,        /* heaps that may have caches of full size, */
    FULL_CACHES_PER_CPU = 4, /* or so many for each processor */
    ORPHANED = 1,            /* a heap's thread that is not in this fork's child */
};

#define NO_STACK ((void **)(uintptr_t)&fastcache_none)

const struct heap gate_heap = {
    .top = {[0 ... SIZE_CLASSES - 1] = NO_STACK},
    .tag = UINT32_MAX - 255, /* no owner has this number, and its difference to any tag is no class */
};

/* Another address, for who asks which it is. */
const struct heap inside_gate = {
    .top = {[0 ... SIZE_CLASSES - 1] = NO_STACK},
    .tag = UINT32_MAX - 255,
};

__thread struct heap *tls_heap = (struct heap *)(uintptr_t)&gate_heap;
__thread struct heap *tls_real;

static struct {
    struct lock lock;
    struct heap *parked;         /* [lock: registry] a list, adopted from its head */
    struct heap **parked_end;    /* [lock: registry] its last link; NULL while it was never used */
    struct heap *retired;        /* [lock: registry] left by the last registry_start_afresh */
    unsigned fresh_heaps;        /* [lock: registry] made by it */
    _Atomic size_t parked_count; /* [lock: registry] to write */
    _Atomic bool gates_closed;
    struct heap *_Atomic heaps;
    struct heap *_Atomic lender;  /* see registry_lender */
    struct heap *_Atomic look_at; /* where the look for the next one begins; NULL: at the newest */
    _Atomic size_t count;
    _Atomic bool unwatched;   /* of some thread we may not hear that it ended */
    _Atomic bool has_orphans; /* in a fork's child: heaps of ORPHANED are not parked yet */
} registry;

struct heap *_Atomic registry_shared_heap;

static void park_orphans(void);

static void registry_lock(void)
{
    lock_acquire(&registry.lock, LOCK_REGISTRY);
    if (unlikely(atomic_load_explicit(&registry.has_orphans, memory_order_relaxed)))
        park_orphans();
}

static void registry_unlock(void)
{
    lock_release(&registry.lock, LOCK_REGISTRY);
}

static uintptr_t self(void)
{
    return (uintptr_t)__builtin_thread_pointer();
}

/* ---- making heaps; [lock: registry]. A signal handler may fork at any point: the child takes for this
 * thread's the heaps that say so. */

static void describe(const struct heap *newest)
{
    struct image_header *image = region_image();
    image->heap_bytes = sizeof(struct heap);
    image->heap_bins_bytes = sizeof(struct heap_bins);
    image->magazine_bytes = sizeof(struct magazine);
    image->scavenger = (uintptr_t)&scavenger_stats;
    image->newest_heap = (uintptr_t)newest;
}

static struct heap *make_heap(uintptr_t thread)
{
    if (!region_claim())
        return NULL;
    size_t cell = region_take_cells(1);
    if (cell == SIZE_MAX)
        return NULL;
    struct heap *heap = region_cell(cell);
    for (unsigned c = 0; c < SIZE_CLASSES; c++)
        heap->top[c] = heap->limit[c] = NO_STACK;
    memcpy(heap->class_of, small_class_table, sizeof small_class_table);
    heap->number = (uint32_t)cell + 1;
    heap->tag = heap->number << TAG_OWNER_LOG2;
    heap->arena_next = heap->arena_first;
    heap->arena_end = (char *)heap + HEAP_BINS_OFFSET;
    heap->thread = thread;
    heap->next_heap = atomic_load_explicit(&registry.heaps, memory_order_relaxed);
    atomic_store_explicit(&registry.heaps, heap, memory_order_release);
    atomic_fetch_add_explicit(&registry.count, 1, memory_order_relaxed);
    describe(heap);
    return heap;
}

/* What only several threads need; whatever there is no memory for is tried again with the next heap. */
static void open_for_threads(void)
{
    region_want_remote_maps();
    depot_open();
    if (!registry_commons()) {
        struct heap *commons = make_heap(0);
        atomic_store_explicit(&registry_shared_heap, commons, memory_order_release);
        region_image()->commons = (uintptr_t)commons;
    }
}

/* The first heap is its program's: busy from the start. With the second come the things that only
 * several threads need. */
static struct heap *new_heap(void)
{
    bool first = !registry_heaps();
    thread_exit_init(registry_detach);
    struct heap *heap = make_heap(self());
    if (!heap)
        return NULL;
    if (first) {
        heap_set_busy(heap);
        heap_bins(heap)->seen_runs[0] = 0; /* written before it is read, the page costs one fault, not two */
    } else {
        open_for_threads();
    }
    return heap;
}

static struct heap *parked_remove_first(void)
{
    struct heap *first = registry.parked;
    if (first) {
        registry.parked = first->next_parked;
        if (!registry.parked)
            registry.parked_end = &registry.parked;
    }
    return first;
}

/* To the front: the next thread gets the heap whose memory is still warm. */
static void parked_prepend(struct heap *heap)
{
    if (!registry.parked)
        registry.parked_end = &heap->next_parked;
    heap->next_parked = registry.parked;
    registry.parked = heap;
}

static void parked_append(struct heap *heap)
{
    heap->next_parked = NULL;
    *(registry.parked ? registry.parked_end : &registry.parked) = heap;
    registry.parked_end = &heap->next_parked;
}

static struct heap *adopt(void)
{
    struct heap *heap = parked_remove_first();
    if (!heap)
        return NULL;
    atomic_fetch_sub_explicit(&registry.parked_count, 1, memory_order_relaxed);
    CHECK(atomic_load(&heap->parked));
    heap->thread = self();
    atomic_store_explicit(&heap->parked, false, memory_order_relaxed);
    count(&heap->stats.adoptions, 1);
    return heap;
}

/* Whether there may be heaps whose thread knows nothing of them: it ended without a word, or it is the main
 * thread and its thread-local storage was filled in only after its first calls (api/shared/early.c). */
static bool may_inherit(void)
{
    return atomic_load_explicit(&registry.unwatched, memory_order_relaxed) ||
           atomic_load_explicit(&registry.count, memory_order_relaxed) == 1;
}

/* Such a heap, that is now the calling thread's: no two threads that live have the same thread pointer, and
 * libc uses those of ended ones again. */
static struct heap *inherit(void)
{
    for (struct heap *heap = registry_heaps(); heap; heap = heap->next_heap)
        if (heap->thread == self() && !atomic_load(&heap->parked)) {
            count(&heap->stats.adoptions, 1);
            return heap;
        }
    return NULL;
}

/* It has no thread any more: what its next one is not to find as this one left it. */
static void set_parked(struct heap *heap)
{
    heap->slow_events = 0;
    heap->busy = heap->moves = false;
    atomic_store_explicit(&heap->parked, true, memory_order_relaxed);
}

static void park(struct heap *heap)
{
    CHECK(!atomic_load(&heap->parked));
    set_parked(heap);
    parked_prepend(heap);
    heap->thread = 0;
    atomic_fetch_add_explicit(&registry.parked_count, 1, memory_order_relaxed);
}

/* ---- threads */

static bool fork_prepare(void);
static void fork_parent(void);
static void fork_child(void);

static const struct fork_handlers fork_handlers = {fork_prepare, fork_parent, fork_child};

struct heap *registry_make_commons(void)
{
    registry_lock();
    open_for_threads();
    registry_unlock();
    return registry_commons();
}

NOINLINE struct heap *registry_attach(void)
{
    thread_enter();
    registry_lock();
    struct heap *heap = may_inherit() ? inherit() : NULL;
    if (!heap)
        heap = adopt();
    if (!heap)
        heap = new_heap();
    registry_unlock();
    tls_real = heap ? heap : registry_commons();
    bool gated = !heap || atomic_load_explicit(&registry.gates_closed, memory_order_relaxed);
    thread_leave(gated ? &gate_heap : heap);
    if (heap && OPTION_VALUE(secure)) /* slabs of its own: what others have is no hint of what it gets */
        heap_set_busy(heap);
    if (!heap)
        return tls_real;
    /* the thread has its heap by now, so these may allocate */
    if (fork_register(&fork_handlers)) /* no fork before this one was heard of */
        scavenger_note_process();
    if (!thread_exit_arm())
        atomic_store_explicit(&registry.unwatched, true, memory_order_relaxed);
    return heap;
}

/* Everything that only the heap's thread may empty. */
static void empty_caches(struct heap *heap)
{
    slab_link released = 0;
    fastcache_flush_all(heap);
    if (heap_has_slabs(heap))
        depot_flush_magazines(heap);
    runcache_flush(heap);
    heap_lock(heap);
    bin_collect(heap, SIZE_MAX, &released);
    heap_unlock(heap);
    bin_give_released(heap, released);
}

/* Also the slabs that each class keeps for its next block. */
static void empty_heap(struct heap *heap)
{
    slab_link released = 0;
    empty_caches(heap);
    heap_lock(heap);
    if (heap_has_slabs(heap))
        bin_release_idle(heap, 0, &released);
    heap_unlock(heap);
    bin_give_released(heap, released);
}

void registry_detach(void)
{
    struct heap *heap = registry_own_heap();
    if (!heap)
        return;
    thread_enter();
    tls_real = registry_make_commons();
    empty_heap(heap);
    registry_lock();
    park(heap);
    registry_unlock();
    thread_leave(&gate_heap);
}

struct heap *registry_some_parked(void)
{
    if (atomic_load_explicit(&registry.parked_count, memory_order_relaxed) == 0)
        return NULL;
    registry_lock();
    struct heap *first = parked_remove_first();
    if (first)
        parked_append(first); /* to the end, so that each has its turn */
    registry_unlock();
    return first;
}

struct heap *registry_lender(void)
{
    return atomic_load_explicit(&registry.lender, memory_order_acquire);
}

struct heap *registry_next_lender(void)
{
    struct heap *at = atomic_load_explicit(&registry.look_at, memory_order_acquire), *found = NULL;
    for (int i = 0; !found && i < HEAPS_A_LOOK; i++) {
        at = at ? at : registry_heaps();
        found = at != registry_commons() && bin_has_uncollected(at) ? at : NULL;
        at = at->next_heap;
    }
    atomic_store_explicit(&registry.look_at, at, memory_order_release);
    atomic_store_explicit(&registry.lender, found, memory_order_release);
    return found;
}

struct heap *registry_heaps(void)
{
    return atomic_load_explicit(&registry.heaps, memory_order_acquire);
}

size_t registry_heap_count(size_t *parked)
{
    *parked = atomic_load_explicit(&registry.parked_count, memory_order_relaxed);
    return atomic_load_explicit(&registry.count, memory_order_relaxed);
}

size_t registry_crowding(void)
{
    size_t parked, heaps = registry_heap_count(&parked);
    heaps -= size_min(parked, heaps);
    if (likely(heaps <= FULL_CACHES))
        return 1;
    return 1 + heaps / size_max(FULL_CACHES, FULL_CACHES_PER_CPU * limits_processors());
}

void registry_close_gates(void)
{
    atomic_store_explicit(&registry.gates_closed, true, memory_order_relaxed);
}

void registry_gate(bool closed)
{
    if (registry_own_heap())
        tls_heap = closed ? (struct heap *)(uintptr_t)&gate_heap : tls_real;
}

size_t registry_cached_bytes(const struct heap *heap)
{
    size_t bytes = 0;
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        bytes += fastcache_blocks(heap, c) * class_size(c);
        if (heap_has_slabs(heap) && heap_bins((struct heap *)heap)->magazines[c])
            bytes += heap_bins((struct heap *)heap)->magazines[c]->count * class_size(c);
    }
    return bytes;
}

size_t registry_rest(void)
{
    struct heap *heap = registry_own_heap();
    if (!heap)
        return 0;
    size_t bytes = registry_cached_bytes(heap);
    empty_heap(heap);
    return bytes;
}

void registry_empty_caches(void)
{
    if (registry_own_heap())
        empty_caches(tls_real);
}

/* The old heap is parked, but nobody adopts it or takes blocks from it before the next time. */
static void retire(struct heap *old)
{
    if (registry.retired) {
        parked_append(registry.retired);
        atomic_fetch_add_explicit(&registry.parked_count, 1, memory_order_relaxed);
    }
    registry.retired = old;
    set_parked(old);
}

bool registry_start_afresh(void)
{
    struct heap *old = registry_own_heap(), *fresh = NULL;
    if (!old || !registry_make_commons())
        return false;
    empty_heap(old);
    registry_lock();
    if (registry.fresh_heaps < FRESH_HEAPS_MAX && (fresh = make_heap(self())) != NULL) {
        registry.fresh_heaps++;
        heap_set_busy(fresh);
        retire(old);
    }
    registry_unlock();
    if (!fresh)
        return false;
    if (tls_heap == old)
        tls_heap = fresh;
    tls_real = fresh;
    return true;
}

static void trim_heap(struct heap *heap)
{
    slab_link released = 0;
    heap_lock(heap);
    bin_collect(heap, SIZE_MAX, &released);
    bin_release_idle(heap, 0, &released);
    heap_unlock(heap);
    bin_give_released(heap, released);
}

void registry_trim(void)
{
    if (registry_own_heap())
        empty_heap(tls_real);
    registry_reclaim();
}

void registry_reclaim(void)
{
    struct heap *own = registry_own_heap();
    if (own) {
        if (heap_has_slabs(own))
            depot_flush_magazines(own);
        runcache_flush(own);
    }
    if (tls_real)
        depot_drain(tls_real);
    for (struct heap *heap = registry_heaps(); heap; heap = heap->next_heap)
        trim_heap(heap);
    if (OPTION_VALUE(hard_limit))
        pool_purge(PURGE_ALL);
}

/* ---- fork: all locks in their one order */

static void release_all(void)
{
    region_fork_parent();
    pool_fork_parent();
    guard_fork_parent();
    depot_fork_parent();
    for (struct heap *heap = registry_heaps(); heap; heap = heap->next_heap)
        lock_fork_release(&heap->lock);
    lock_fork_release(&registry.lock);
    quarantine_fork_parent();
    scavenger_fork_parent();
}

static bool fork_prepare(void)
{
    lock_fork_begin(thread_is_inside());
    scavenger_fork_prepare();
    quarantine_fork_prepare();
    lock_fork_acquire(&registry.lock);
    for (struct heap *heap = registry_heaps(); heap; heap = heap->next_heap)
        lock_fork_acquire(&heap->lock);
    depot_fork_prepare();
    guard_fork_prepare();
    pool_fork_prepare();
    region_fork_prepare();
    if (lock_fork_failed()) {
        release_all();
        return false;
    }
    lock_own_all();
    return true;
}

static void fork_parent(void)
{
    lock_own_all_end();
    release_all();
}

/* The threads of the other heaps are not in the child. What lay in their FastCaches and magazines is
 * left alone: they were not stopped, so a stack may have been copied in the midst of a push. */
static void orphan(struct heap *heap)
{
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        heap->top[c] = heap->limit[c] = NO_STACK;
        heap->capacity[c] = 0;
    }
    memset(heap->free_stacks, 0, sizeof heap->free_stacks);
    heap->arena_next = heap->arena_end;
    if (heap_has_slabs(heap)) {
        memset(heap_bins(heap)->magazines, 0, sizeof heap_bins(heap)->magazines);
        memset((void *)heap_bins(heap)->cached_runs, 0, sizeof heap_bins(heap)->cached_runs);
    }
    park(heap);
}

static void park_orphans(void)
{
    atomic_store_explicit(&registry.has_orphans, false, memory_order_relaxed);
    for (struct heap *heap = registry_heaps(); heap; heap = heap->next_heap)
        if (heap->thread == ORPHANED)
            orphan(heap);
}

static void fork_child(void)
{
    lock_own_all_end();
    region_fork_child();
    pool_fork_child();
    guard_fork_child();
    depot_fork_child();
    for (struct heap *heap = registry_heaps(); heap; heap = heap->next_heap) {
        lock_fork_reset(&heap->lock);
        if (heap->thread && heap->thread != self() && !atomic_load(&heap->parked)) /* nor is it the commons */
            heap->thread = ORPHANED;
    }
    atomic_store_explicit(&registry.has_orphans, true, memory_order_relaxed);
    if (!lock_fork_reset(&registry.lock))
        park_orphans();
    quarantine_fork_child();
    scavenger_fork_child();
    thrift_fork_child();
}
