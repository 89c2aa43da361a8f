#include "front/secured.h"

#include <string.h>

#include "front/large.h"
#include "heap/fastcache.h"
#include "heap/misuse.h"
#include "heap/registry.h"
#include "os/random.h"
#include "os/vm.h"

void secured_choose(void **first, void **top)
{
    uint32_t words[RANDOM_WORDS];
    random_fill(words);
    void **chosen = first + random_below(words[0], (unsigned)(top - first) + 1);
    void *block = *chosen;
    *chosen = *top;
    *top = block;
}

/* Free, as far as the thread's own FastCache and the map of the slab tell. */
static bool is_free(const void *p, struct slab_place place)
{
    const struct heap *heap = registry_own_heap();
    unsigned size_class = place.slab->size_class;
    if (slab_block_is_free(place.slab, place.index))
        return true;
    if (!heap)
        return false;
    for (void **at = heap->top[size_class]; *at; at--)
        if (*at == p)
            return true;
    return false;
}

static bool wipe_of_slab(void *p, size_t unit)
{
    struct slab_place place = slab_place_of(p, unit);
    size_t bytes = class_size(place.slab->size_class);
    if (unlikely(!place.exact)) {
        misuse_inside_slab("free", p);
        return false;
    }
    if (unlikely(is_free(p, place))) {
        misuse_double_free_of_block(p, bytes);
        return false;
    }
    memset(p, 0, bytes);
    return true;
}

bool secured_wipe(void *p, size_t unit, uint32_t tag)
{
    if (tag >= TAG_OWNED)
        return wipe_of_slab(p, unit);
    size_t bytes = large_usable_size(p, unit, tag);
    if (bytes && !vm_purge((uintptr_t)p, bytes))
        memset(p, 0, bytes);
    return true;
}
