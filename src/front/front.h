/* front.h - malloc and free, and the functions behind the libc names.
 *
 * The two fast paths stand here, inline, so that malloc, calloc and operator new are each one function
 * without a call. They take no lock, make no system call and write to no block. Everything else is
 * behind them, cold. This floor sets errno (ENOMEM), nothing below does. */
#ifndef HAKMEM_FRONT_FRONT_H
#define HAKMEM_FRONT_FRONT_H

#include "heap/claim.h"
#include "heap/registry.h"

/* Sizes above SMALL_MAX_BYTES. */
void *front_malloc_medium(size_t size) HIDDEN;
void *front_malloc_medium_as(size_t size, unsigned how) HIDDEN;

/* An empty FastCache, or the gate. */
void *front_malloc_slow(size_t size) HIDDEN;
void *front_malloc_slow_as(size_t size, unsigned how) HIDDEN;

/* A block that is not of a slab of the thread's own heap, a full FastCache, the block that was freed last, or
 * the gate. */
void front_free_slow(void *p) HIDDEN;
void front_free_slow_as(void *p, size_t size, size_t align, unsigned how) HIDDEN;

/* Not in the region, or not aligned as a block is: NULL, or another allocator's, or garbage. */
void front_free_foreign(void *p) HIDDEN;

#define FRONT_INLINE static inline __attribute__((always_inline))

/* Both emit nothing, and spare an instruction each: gcc would keep a block elsewhere and copy it to the
 * result at the end, and would add up a class's address in the heap before it uses it. */
#if defined(__x86_64__)
#define IN_RESULT(pointer) __asm__("" : "+a"(pointer))
#define KEEP_INDEX(index) __asm__("" : "+r"(index))
#else
#define IN_RESULT(pointer) (void)0
#define KEEP_INDEX(index) (void)0
#endif

/* A block of the FastCache of a class; NULL when it has none. heap: tls_heap, read once. */
FRONT_INLINE void *front_pop_of_class(struct heap *heap, size_t size_class)
{
    void **top = heap->top[size_class];
    void *block = *top; /* slot 0 holds NULL: an empty stack needs no second look */
    IN_RESULT(block);
    if (likely(block))
        heap->top[size_class] = top - 1;
    return block;
}

/* The same for a size up to SMALL_MAX_BYTES. */
FRONT_INLINE void *front_pop(size_t size)
{
    struct heap *heap = tls_heap;
    return front_pop_of_class(heap, heap->class_of[(size + 15) >> 4]);
}

/* `how` is a constant where this is inlined. */
FRONT_INLINE void *front_malloc_as(size_t size, unsigned how)
{
    if (unlikely(size > SMALL_MAX_BYTES))
        return how ? front_malloc_medium_as(size, how) : front_malloc_medium(size);
    void *block = front_pop(size);
    if (unlikely(!block))
        return how ? front_malloc_slow_as(size, how) : front_malloc_slow(size);
    return block;
}

FRONT_INLINE void *front_malloc_inline(size_t size)
{
    return front_malloc_as(size, HOW_MALLOC);
}

/* True: the block is on its FastCache. */
FRONT_INLINE bool front_push(void *p, size_t unit)
{
    struct heap *heap = tls_heap;
    size_t size_class = region_tag(unit) - heap->tag; /* below SIZE_CLASSES: a block of our own */
    if (unlikely(size_class >= SIZE_CLASSES))
        return false;
    void **top = heap->top[size_class];
    KEEP_INDEX(size_class);
    if (unlikely(top == heap->limit[size_class]) ||
        unlikely(*top == p)) /* freed just before: a double free */
        return false;
    *++top = p;
    heap->top[size_class] = top;
    return true;
}

FRONT_INLINE void front_free_inline(void *p)
{
    size_t granule = region_granule_of(p);
    if (unlikely(granule >= region_granules()))
        front_free_foreign(p);
    else if (unlikely(!front_push(p, granule >> UNIT_GRANULES_LOG2)))
        front_free_slow(p);
}

/* As free, where p's granule is below `granules`, which must not be above region_granules(); else false. */
FRONT_INLINE bool front_free_below(size_t granules, void *p, size_t size, size_t align, unsigned how)
{
    size_t granule = region_granule_of(p);
    if (unlikely(granule >= granules))
        return false;
    if (unlikely(!front_push(p, granule >> UNIT_GRANULES_LOG2)))
        front_free_slow_as(p, size, align, how);
    return true;
}

FRONT_INLINE void front_free_as(void *p, size_t size, size_t align, unsigned how)
{
    if (unlikely(!front_free_below(region_granules(), p, size, align, how)))
        front_free_foreign(p);
}

void *front_malloc(size_t size) HIDDEN;
void front_free(void *p) HIDDEN;

/* Zeroed; the product must not have overflowed. */
void *front_calloc(size_t size) HIDDEN;

/* As realloc: NULL and errno ENOMEM leave the old block as it was; (p, 0) frees and returns NULL. */
void *front_realloc(void *p, size_t size) HIDDEN;

/* A block aligned to `align`, a power of two. */
void *front_aligned(size_t align, size_t size, unsigned how) HIDDEN;

/* Usable bytes of a block; 0 for NULL. A foreign pointer's are asked of its owner. For a pointer into a block
 * 0, and with `call`, the name of what was called, it is reported. */
size_t front_usable_size(const char *call, const void *p) HIDDEN;

/* The usable size of front_malloc(size) that is not guarded, without making a block; 0 above PTRDIFF_MAX. */
size_t front_good_size(size_t size) HIDDEN;

/* What is behind the gate, for layers above it (checked.h): blocks with nothing known of what the program
 * asked for, in a thread whose gate is closed. front_plain leaves errno alone. */
void *front_plain(size_t size, size_t align, bool zeroed) HIDDEN;
void front_plain_free(void *p) HIDDEN;

/* Sets errno to ENOMEM; returns NULL. */
void *front_no_memory(void) HIDDEN;

#endif
