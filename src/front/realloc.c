#include <string.h>

#include "front/foreign.h"
#include "front/front.h"
#include "front/large.h"
#include "heap/misuse.h"

/* Whether a block of `usable` bytes is good for `size`: enough, and not more than twice that. */
static bool fits(size_t usable, size_t size)
{
    return size <= usable && (size > usable / 2 || usable <= 64);
}

static void *move(void *p, size_t usable, size_t size)
{
    void *block = front_malloc_inline(size);
    if (unlikely(!block))
        return size <= usable ? p : NULL; /* it need not shrink */
    memcpy(block, p, size_min(usable, size));
    front_free_inline(p);
    return block;
}

void *front_realloc(void *p, size_t size)
{
    if (!p)
        return front_malloc_inline(size);
    if (unlikely(size > PAYLOAD_MAX))
        return front_no_memory();
    size_t unit = region_unit_of(p);
    if (unlikely(unit >= region_units()))
        return foreign_realloc(p, size);
    if (size == 0) {
        front_free_inline(p);
        return NULL;
    }
    uint32_t tag = region_tag(unit);
    if (unlikely(tag >= TAG_OWNED && !slab_place_of(p, unit).exact))
        misuse_inside_slab(p);
    size_t usable = front_usable_size(p);
    if (fits(usable, size))
        return p;
    if (unlikely(usable == 0))
        misuse_free(p, unit, tag);
    if (usable > SLAB_MAX_BYTES && size > SLAB_MAX_BYTES) {
        void *resized = large_resize(p, size);
        if (resized)
            return resized;
    }
    return move(p, usable, size);
}
