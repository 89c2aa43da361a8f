#include <errno.h>
#include <string.h>

#include "front/checked.h"
#include "front/foreign.h"
#include "front/front.h"
#include "front/large.h"
#include "front/nested.h"
#include "front/watch.h"
#include "heap/guard.h"
#include "heap/guard_empty.h"

/* Whether a block of `usable` bytes is good for `size`: enough, and not more than twice that. */
static bool fits(size_t usable, size_t size)
{
    return size <= usable && (size > usable / 2 || usable <= 64);
}

/* A new place for a block of some size: its old one will be free right after (thrift.h). */
static void *malloc_to_move(size_t size)
{
    struct heap *heap = registry_own_heap();
    if (heap)
        heap->moves = true;
    void *block = front_malloc_inline(size);
    if (heap)
        heap->moves = false;
    return block;
}

static void *move(void *p, size_t usable, size_t size)
{
    void *block = malloc_to_move(size);
    if (unlikely(!block))
        return size <= usable ? p : NULL; /* it need not shrink */
    memcpy(block, p, size_min(usable, size));
    front_free(p);
    return block;
}

static void *resize_large(void *p, size_t size)
{
    if (unlikely(thread_is_inside()))
        return NULL;
    struct heap *before = tls_heap;
    thread_enter();
    void *resized = large_resize(p, size);
    thread_leave(before);
    return resized;
}

/* Not a block, which has been said: the program gets nothing for it. */
static COLD void *refuse(void)
{
    errno = EINVAL;
    return NULL;
}

static COLD void *realloc_foreign(void *p, size_t size)
{
    size_t nested = nested_usable_size(p);
    if (!nested)
        return foreign_realloc(p, size);
    if (size)
        return move(p, nested, size);
    front_free(p);
    return NULL;
}

/* Moves always, so that both blocks' misuse is found. */
static COLD void *realloc_guarded(void *p, size_t size)
{
    size_t usable = guard_usable_size("realloc", p);
    return usable || guard_empty_is_live(p) ? move(p, usable, size) : refuse();
}

void *front_realloc(void *p, size_t size)
{
    if (!p)
        return front_malloc_inline(size);
    if (unlikely(size > PAYLOAD_MAX))
        return front_no_memory();
    if (unlikely(region_unit_of(p) >= region_units()))
        return realloc_foreign(p, size);
    if (size == 0) {
        front_free_inline(p);
        return NULL;
    }
    if (guard_owns(p))
        return realloc_guarded(p, size);
    if (watch_checks())
        return checked_realloc(p, size);
    size_t usable = front_usable_size("realloc", p);
    if (fits(usable, size))
        return p;
    if (unlikely(usable == 0))
        return refuse();
    if (usable > SLAB_MAX_BYTES && size > SLAB_MAX_BYTES &&
        !watch_secures()) { /* what is cut off is to be wiped */
        void *resized = resize_large(p, size);
        if (resized)
            return resized;
    }
    return move(p, usable, size);
}
