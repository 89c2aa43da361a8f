#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "front/checked.h"
#include "front/foreign.h"
#include "front/front.h"
#include "front/large.h"
#include "front/nested.h"
#include "front/secured.h"
#include "front/watch.h"
#include "heap/depot.h"
#include "heap/fastcache.h"
#include "heap/guard.h"
#include "heap/guard_empty.h"
#include "heap/misuse.h"
#include "heap/scavenger.h"
#include "os/thread.h"

COLD void *front_no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

static void *or_no_memory(void *block)
{
    return likely(block) ? block : front_no_memory();
}

/* ---- malloc */

/* A request that left the fast path of the thread's heap: now and then it gets a guarded block. NULL: not
 * this time. */
FRONT_INLINE void *malloc_guarded(struct heap *heap, size_t size, size_t align, unsigned how)
{
    return guard_is_due(heap) ? guard_malloc(heap, size, align, how, __builtin_return_address(0)) : NULL;
}

/* What is free but on its way between threads may be enough. */
static void *large_block(size_t size, size_t align, unsigned how, bool zeroed)
{
    struct heap *before = tls_heap;
    void *guarded = before == tls_real ? malloc_guarded(before, size, align, how) : NULL;
    if (unlikely(guarded))
        return guarded;
    thread_enter();
    void *block = large_malloc(size, align, zeroed);
    if (unlikely(!block)) {
        registry_reclaim();
        block = large_malloc(size, align, zeroed);
    }
    thread_leave(before);
    scavenger_start_if_wanted();
    return block;
}

static void *large_or_no_memory(size_t size, size_t align, unsigned how, bool zeroed)
{
    if (unlikely(thread_is_inside()))
        return or_no_memory(nested_malloc(size, align));
    return or_no_memory(large_block(size, align, how, zeroed));
}

/* Asked only while the thread has no heap, which in a process that is not ours is for ever. */
static bool is_inert(void)
{
    return unlikely(!tls_real) && foreign_is_in_charge();
}

static void *malloc_large(size_t size, unsigned how, bool zeroed)
{
    if (unlikely(size > PAYLOAD_MAX))
        return front_no_memory();
    if (is_inert()) {
        void *block = foreign_malloc(size);
        return block && zeroed ? memset(block, 0, size) : block;
    }
    if (unlikely(thread_is_gated()) && watch_checks())
        return or_no_memory(checked_malloc(size, 1, how, zeroed));
    return large_or_no_memory(size, 1, how, zeroed);
}

FRONT_INLINE void *malloc_medium(size_t size, unsigned how)
{
    if (unlikely(size > SLAB_MAX_BYTES))
        return malloc_large(size, how, false);
    void *block = front_pop_of_class(tls_heap, class_of_medium(size));
    if (unlikely(!block))
        return how ? front_malloc_slow_as(size, how) : front_malloc_slow(size);
    return block;
}

void *front_malloc_medium(size_t size)
{
    return malloc_medium(size, HOW_MALLOC);
}

void *front_malloc_medium_as(size_t size, unsigned how)
{
    return malloc_medium(size, how);
}

/* A thread whose heap is parked already, or that could have none: one block at a time. */
static COLD void *malloc_late(struct heap *commons, unsigned size_class)
{
    void *block = NULL;
    slab_link released = 0;
    do { /* others may have taken all of a new slab */
        heap_lock(commons);
        bin_collect(commons, SIZE_MAX, &released);
        bin_take(commons, size_class, &block, 1, &released);
        heap_unlock(commons);
    } while (!block && bin_add_slab(commons, size_class));
    bin_give_released(commons, released);
    return block;
}

/* The gate is closed to see every call: what the FastCache would have done, counted. */
static COLD void *malloc_counted(struct heap *heap, unsigned size_class)
{
    void **top = heap->top[size_class];
    count(&heap->stats.mallocs, 1);
    if (!*top)
        return fastcache_refill(heap, size_class);
    count(&heap->stats.malloc_hits, 1);
    if (watch_secures())
        secured_choose(fastcache_bottom(heap, size_class) + 1, top);
    heap->top[size_class] = top - 1;
    return *top;
}

/* Gives the thread its heap; NULL: there is no memory at all. */
static COLD struct heap *attach(void)
{
    watch();
    struct heap *heap = registry_attach();
    if (heap && heap != registry_commons() && OPTION_VALUE(front_stats))
        registry_gate(true);
    return heap;
}

/* A block of a size class, in a thread whose own gate is closed. */
static COLD void *malloc_behind_gate(unsigned size_class)
{
    struct heap *commons = registry_commons();
    thread_enter();
    void *block = tls_real == commons ? malloc_late(commons, size_class)
                                      : malloc_counted(tls_real, size_class);
    thread_leave(&gate_heap);
    return block;
}

void *front_plain(size_t size, size_t align, bool zeroed)
{
    unsigned size_class = class_of_aligned(size, align);
    return size_class < SIZE_CLASSES ? malloc_behind_gate(size_class)
                                     : large_block(size, align, HOW_MALLOC, zeroed);
}

/* NULL: the block is to be an ordinary one. */
static COLD void *malloc_empty(unsigned how)
{
    struct heap *before = tls_heap;
    thread_enter();
    void *block = guard_empty_malloc(how);
    thread_leave(before);
    return block;
}

/* A request of a thread whose gate is closed because the process is watched. */
static COLD void *malloc_watched(unsigned size_class, size_t size, size_t align, unsigned how)
{
    void *empty = size == 0 && align <= BLOCK_ALIGN ? malloc_empty(how) : NULL;
    if (empty)
        return empty;
    return watch_checks() ? checked_malloc(size, align, how, false) : malloc_behind_gate(size_class);
}

static COLD void *malloc_of_class_slow(unsigned size_class, size_t size, size_t align, unsigned how);

/* As front_malloc_as, of a class that was chosen already; `size` and `align` are what was asked for. */
FRONT_INLINE void *malloc_of_class(unsigned size_class, size_t size, size_t align, unsigned how)
{
    void *block = front_pop_of_class(tls_heap, size_class);
    return likely(block) ? block : malloc_of_class_slow(size_class, size, align, how);
}

static COLD void *malloc_gated(unsigned size_class, size_t size, size_t align, unsigned how)
{
    if (thread_is_inside())
        return nested_malloc(size, align);
    if (is_inert())
        return foreign_malloc(size);
    if (!tls_real && !attach())
        return NULL;
    if (!thread_is_gated())
        return malloc_of_class(size_class, size, align, how);
    return watch() & WATCH_ALL ? malloc_watched(size_class, size, align, how)
                               : malloc_behind_gate(size_class);
}

static COLD void *malloc_reclaimed(struct heap *heap, unsigned size_class)
{
    registry_reclaim();
    return fastcache_refill(heap, size_class);
}

static void free_waiting(void);

static inline void free_waiting_if_any(void)
{
    if (unlikely(atomic_load_explicit(&nested_waiting, memory_order_relaxed)))
        free_waiting();
}

FRONT_INLINE void *malloc_slow(unsigned size_class, size_t size, size_t align, unsigned how)
{
    struct heap *heap = tls_heap;
    if (unlikely(heap != tls_real))
        return or_no_memory(malloc_gated(size_class, size, align, how));
    void *guarded = malloc_guarded(heap, size, align, how);
    if (unlikely(guarded))
        return guarded;
    thread_enter();
    void *block = fastcache_refill(heap, size_class);
    if (unlikely(!block))
        block = malloc_reclaimed(heap, size_class);
    thread_leave(heap);
    free_waiting_if_any();
    scavenger_start_if_wanted();
    return or_no_memory(block);
}

NOINLINE void *front_malloc_slow(size_t size)
{
    return malloc_slow(class_of_size(size), size, 1, HOW_MALLOC);
}

NOINLINE void *front_malloc_slow_as(size_t size, unsigned how)
{
    return malloc_slow(class_of_size(size), size, 1, how);
}

static COLD void *malloc_of_class_slow(unsigned size_class, size_t size, size_t align, unsigned how)
{
    return malloc_slow(size_class, size, align, how);
}

void *front_malloc(size_t size)
{
    return front_malloc_inline(size);
}

void *front_calloc(size_t size)
{
    if (size > SLAB_MAX_BYTES)
        return malloc_large(size, HOW_MALLOC, true);
    void *block = front_malloc_inline(size);
    return likely(block) ? memset(block, 0, size) : NULL;
}

/* A thread without a heap gets one first. */
static COLD void *aligned_checked(size_t align, size_t size, unsigned how)
{
    return or_no_memory(tls_real || attach() ? checked_malloc(size, align, how, false) : NULL);
}

void *front_aligned(size_t align, size_t size, unsigned how)
{
    if (align <= BLOCK_ALIGN && !thread_is_gated())
        return front_malloc_as(size, how);
    if (unlikely(size > PAYLOAD_MAX))
        return front_no_memory();
    if (unlikely(thread_is_inside()))
        return or_no_memory(nested_malloc(size, align));
    if (is_inert())
        return foreign_aligned(align, size);
    if (unlikely(thread_is_gated()) && watch_checks())
        return aligned_checked(align, size, how);
    unsigned size_class = class_of_aligned(size, align);
    if (size_class < SIZE_CLASSES)
        return malloc_of_class(size_class, size, align, how);
    return large_or_no_memory(size, align, how, false);
}

/* ---- free */

static COLD void free_counted(struct heap *heap, uint32_t tag, void *p)
{
    uint32_t size_class = tag - heap->tag;
    count(&heap->stats.frees, 1);
    if (size_class >= SIZE_CLASSES) {
        depot_free_remote(heap, tag, p);
        return;
    }
    if (heap->top[size_class] == heap->limit[size_class]) {
        fastcache_push_full(heap, size_class, p);
        return;
    }
    count(&heap->stats.free_hits, 1);
    *++heap->top[size_class] = p;
}

/* Freed by a thread at the gate. */
static COLD void free_plain(void *p, size_t unit, uint32_t tag)
{
    if (watch_secures() && !secured_wipe(p, unit, tag))
        return;
    if (tag < TAG_OWNED)
        large_free(p, unit, tag);
    else if (!registry_own_heap())
        depot_publish(heap_of_number(tag >> TAG_OWNER_LOG2), tag & (TAG_OWNED - 1), &p, 1);
    else
        free_counted(tls_real, tag, p);
}

void front_plain_free(void *p)
{
    size_t unit = region_unit_of(p);
    thread_enter();
    free_plain(p, unit, region_tag(unit));
    thread_leave(&gate_heap);
}

static COLD void free_gated(void *p, const struct claim *claim)
{
    if (watch_checks())
        checked_free(p, claim);
    else
        front_plain_free(p);
}

static void free_of_slab(struct heap *heap, void *p, uint32_t tag)
{
    uint32_t size_class = tag - heap->tag;
    if (size_class >= SIZE_CLASSES)
        depot_free_remote(heap, tag, p);
    else if (unlikely(*heap->top[size_class] == p))
        misuse_double_free_of_block(p, class_size(size_class));
    else
        fastcache_push_full(heap, size_class, p);
}

/* In a thread that is not inside; never by the fast path. `from`: what called. */
static void free_by_state(void *p, const struct claim *claim, const void *from)
{
    size_t unit = region_unit_of(p);
    uint32_t tag = region_tag(unit);
    struct heap *heap = tls_heap;
    if (unlikely(heap == &gate_heap) && tag != TAG_GUARDED) {
        free_gated(p, claim);
        return;
    }
    thread_enter();
    if (unlikely(tag == TAG_GUARDED))
        guard_free(p, claim, from);
    else if (unlikely(tag < TAG_OWNED))
        large_free(p, unit, tag);
    else
        free_of_slab(heap, p, tag);
    thread_leave(heap);
}

FRONT_INLINE void free_slow(void *p, const struct claim *claim)
{
    if (unlikely(thread_is_inside())) {
        nested_free(p);
        return;
    }
    if (unlikely(!tls_real && region_tag(region_unit_of(p)) >= TAG_OWNED))
        attach();
    free_by_state(p, claim, __builtin_return_address(0));
    free_waiting_if_any();
}

/* What signal handlers freed while they could not. Not by the fast path, though the thread's heap is its own
 * again: handlers may use the classes of these blocks, and interrupt this. */
static COLD void free_waiting(void)
{
    const struct claim unknown = {.how = HOW_UNKNOWN};
    for (void *p; (p = nested_take_waiting()) != NULL;)
        free_by_state(p, &unknown, __builtin_return_address(0));
}

/* `code`: what called free; or free itself, where the compiler made a call of what should be a jump, and
 * then we cannot tell. */
static COLD bool may_hold_lock_of_stacks(const void *code)
{
    enum { FREE_MOST_BYTES = 1024 }; /* of the code of free */
    return (uintptr_t)code - (uintptr_t)free < FREE_MOST_BYTES || thread_loader_holds(code);
}

NOINLINE void front_free_slow(void *p)
{
    free_slow(p, &(struct claim){0});
    if (unlikely(atomic_load_explicit(&scavenger_wanted, memory_order_relaxed)) &&
        !may_hold_lock_of_stacks(__builtin_return_address(0)))
        scavenger_start();
}

NOINLINE void front_free_slow_as(void *p, size_t size, size_t align, unsigned how)
{
    free_slow(p, &(struct claim){size, align, how});
}

NOINLINE void front_free_foreign(void *p)
{
    if (unlikely(region_unit_of(p) < region_units()))
        misuse_misaligned("free", p);
    else if (p && !nested_free_own(p))
        foreign_free(p);
}

void front_free(void *p)
{
    front_free_inline(p);
}

/* ---- sizes */

size_t front_usable_size(const char *call, const void *p)
{
    if (!p)
        return 0;
    size_t unit = region_unit_of(p);
    if (unlikely(unit >= region_units())) {
        size_t nested = nested_usable_size(p);
        return nested ? nested : foreign_usable_size(p);
    }
    uint32_t tag = region_tag(unit);
    if (unlikely(tag == TAG_GUARDED))
        return guard_usable_size(call, p);
    if (watch_checks())
        return checked_usable_size(call, p);
    if (unlikely(tag < TAG_OWNED)) {
        size_t usable = large_usable_size(p, unit, tag);
        if (!usable && call)
            misuse_free(call, p, unit, tag);
        return usable;
    }
    if (likely(slab_place_of(p, unit).exact))
        return class_size(tag & (TAG_OWNED - 1));
    if (call)
        misuse_inside_slab(call, p);
    return 0;
}

size_t front_good_size(size_t size)
{
    if (size > PAYLOAD_MAX)
        return 0;
    if (watch_checks())
        return size;
    return size <= SLAB_MAX_BYTES ? class_size(class_of_size(size)) : large_good_size(size);
}
