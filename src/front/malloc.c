#include <errno.h>
#include <string.h>

#include "base/check.h"
#include "front/foreign.h"
#include "front/front.h"
#include "front/large.h"
#include "heap/depot.h"
#include "heap/fastcache.h"

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

/* What is free but on its way between threads may be enough. */
static void *large_or_no_memory(size_t size, size_t align, bool zeroed)
{
    void *block = large_malloc(size, align, zeroed);
    if (unlikely(!block)) {
        registry_reclaim();
        block = large_malloc(size, align, zeroed);
    }
    return or_no_memory(block);
}

/* Asked only while the thread has no heap, which in a process that is not ours is for ever. */
static bool is_inert(void)
{
    return unlikely(!tls_real) && foreign_is_in_charge();
}

static void *malloc_large(size_t size, bool zeroed)
{
    if (unlikely(size > PAYLOAD_MAX))
        return front_no_memory();
    if (is_inert()) {
        void *block = foreign_malloc(size);
        return block && zeroed ? memset(block, 0, size) : block;
    }
    return large_or_no_memory(size, 1, zeroed);
}

void *front_malloc_medium(size_t size)
{
    if (unlikely(size > SLAB_MAX_BYTES))
        return malloc_large(size, false);
    struct heap *heap = tls_heap;
    unsigned size_class = class_of_medium(size);
    void **top = heap->top[size_class];
    void *block = *top;
    if (unlikely(!block))
        return front_malloc_slow(size);
    heap->top[size_class] = top - 1;
    return block;
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
    heap->top[size_class] = top - 1;
    return *top;
}

/* Gives the thread its heap. False: it shares the commons, or there is no memory at all. */
static COLD bool attach(void)
{
    struct heap *heap = registry_attach();
    if (!heap || heap == registry_commons())
        return false;
    if (OPTION_VALUE(front_stats))
        registry_gate(true);
    return true;
}

static COLD void *malloc_gated(size_t size)
{
    if (is_inert())
        return foreign_malloc(size);
    if (!tls_real && !attach() && !tls_real)
        return NULL;
    unsigned size_class = class_of_size(size);
    if (tls_real == registry_commons())
        return malloc_late(tls_real, size_class);
    return thread_is_gated() ? malloc_counted(tls_real, size_class) : front_malloc_inline(size);
}

static COLD void *malloc_reclaimed(size_t size)
{
    registry_reclaim();
    return or_no_memory(fastcache_refill(tls_real, class_of_size(size)));
}

NOINLINE void *front_malloc_slow(size_t size)
{
    if (unlikely(thread_is_gated()))
        return or_no_memory(malloc_gated(size));
    void *block = fastcache_refill(tls_real, class_of_size(size));
    return likely(block) ? block : malloc_reclaimed(size);
}

void *front_malloc(size_t size)
{
    return front_malloc_inline(size);
}

void *front_calloc(size_t size)
{
    if (size > SLAB_MAX_BYTES)
        return malloc_large(size, true);
    void *block = front_malloc_inline(size);
    return likely(block) ? memset(block, 0, size) : NULL;
}

void *front_aligned(size_t align, size_t size)
{
    if (align <= BLOCK_ALIGN)
        return front_malloc_inline(size);
    if (unlikely(size > PAYLOAD_MAX))
        return front_no_memory();
    if (is_inert())
        return foreign_aligned(align, size);
    unsigned size_class = class_of_aligned(size, align);
    if (size_class < SIZE_CLASSES)
        return front_malloc_inline(class_size(size_class));
    return large_or_no_memory(size, align, false);
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

/* A block of a slab, freed by a thread at the gate. */
static COLD void free_gated(void *p, uint32_t tag)
{
    if (!tls_real)
        attach();
    if (!tls_real || tls_real == registry_commons())
        depot_publish(heap_of_number(tag >> TAG_OWNER_LOG2), tag & (TAG_OWNED - 1), &p, 1);
    else if (thread_is_gated())
        free_counted(tls_real, tag, p);
    else
        front_free_inline(p);
}

NOINLINE void front_free_slow(void *p)
{
    size_t unit = region_unit_of(p);
    uint32_t tag = region_tag(unit);
    struct heap *heap = tls_heap;
    if (unlikely(tag < TAG_OWNED))
        large_free(p, unit, tag);
    else if (unlikely(heap == &gate_heap))
        free_gated(p, tag);
    else if (tag - heap->tag >= SIZE_CLASSES)
        depot_free_remote(heap, tag, p);
    else
        fastcache_push_full(heap, tag - heap->tag, p);
}

NOINLINE void front_free_foreign(void *p)
{
    if (p)
        foreign_free(p);
}

void front_free(void *p)
{
    front_free_inline(p);
}

/* ---- sizes */

size_t front_usable_size(const void *p)
{
    if (!p)
        return 0;
    size_t unit = region_unit_of(p);
    if (unlikely(unit >= region_units()))
        return foreign_usable_size(p);
    uint32_t tag = region_tag(unit);
    if (unlikely(tag < TAG_OWNED))
        return large_usable_size(p, unit, tag);
    return class_size(tag & (TAG_OWNED - 1));
}

size_t front_good_size(size_t size)
{
    if (size > PAYLOAD_MAX)
        return 0;
    return size <= SLAB_MAX_BYTES ? class_size(class_of_size(size)) : large_good_size(size);
}
