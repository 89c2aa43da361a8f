/* front.h - malloc and free, and the functions behind the libc names.
 *
 * The two fast paths stand here, inline, so that malloc, calloc and operator new are each one function
 * without a call. They take no lock, make no system call and write to no block. Everything else is
 * behind them, cold. This floor sets errno (ENOMEM), nothing below does. */
#ifndef HAKMEM_FRONT_FRONT_H
#define HAKMEM_FRONT_FRONT_H

#include "heap/registry.h"

/* Sizes above SMALL_MAX_BYTES. */
void *front_malloc_medium(size_t size) HIDDEN;

/* An empty FastCache, or the gate. */
void *front_malloc_slow(size_t size) HIDDEN;

/* A block that is not of a slab of the thread's own heap, a full FastCache, or the gate. */
void front_free_slow(void *p) HIDDEN;

/* Not in the region: NULL, or another allocator's, or garbage. */
void front_free_foreign(void *p) HIDDEN;

static inline __attribute__((always_inline)) void *front_malloc_inline(size_t size)
{
    struct heap *heap = tls_heap;
    if (unlikely(size > SMALL_MAX_BYTES))
        return front_malloc_medium(size);
    unsigned size_class = heap->class_of[(size + 15) >> 4];
    void **top = heap->top[size_class];
    void *block = *top; /* slot 0 holds NULL: an empty stack needs no second look */
    if (unlikely(!block))
        return front_malloc_slow(size);
    heap->top[size_class] = top - 1;
    return block;
}

static inline __attribute__((always_inline)) void front_free_inline(void *p)
{
    size_t unit = region_unit_of(p);
    if (unlikely(unit >= region_units()))
        return front_free_foreign(p);
    struct heap *heap = tls_heap;
    uint32_t size_class = region_tag(unit) - heap->tag; /* below SIZE_CLASSES: a block of our own */
    if (unlikely(size_class >= SIZE_CLASSES))
        return front_free_slow(p);
    void **top = heap->top[size_class];
    if (unlikely(top == heap->limit[size_class]))
        return front_free_slow(p);
    *++top = p;
    heap->top[size_class] = top;
}

void *front_malloc(size_t size) HIDDEN;
void front_free(void *p) HIDDEN;

/* Zeroed; the product must not have overflowed. */
void *front_calloc(size_t size) HIDDEN;

/* As realloc: NULL and errno ENOMEM leave the old block as it was; (p, 0) frees and returns NULL. */
void *front_realloc(void *p, size_t size) HIDDEN;

/* A block aligned to `align`, a power of two. */
void *front_aligned(size_t align, size_t size) HIDDEN;

/* Usable bytes of a block; 0 for NULL. A foreign pointer's are asked of its owner. */
size_t front_usable_size(const void *p) HIDDEN;

/* front_usable_size(front_malloc(size)), without making a block; 0 above PTRDIFF_MAX. */
size_t front_good_size(size_t size) HIDDEN;

/* Sets errno to ENOMEM; returns NULL. */
void *front_no_memory(void) HIDDEN;

#endif
