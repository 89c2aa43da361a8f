#include "heap/runcache.h"

#include "pool/pool.h"

static uint32_t *place_of(struct heap *heap, size_t units)
{
    return heap->has_slabs && units <= RUN_CACHE_UNITS ? &heap_bins(heap)->cached_runs[units - 1] : NULL;
}

size_t runcache_take(struct heap *heap, size_t units)
{
    uint32_t *place = place_of(heap, units);
    if (!place || !*place)
        return SIZE_MAX;
    size_t unit = *place - 1;
    *place = 0;
    return unit;
}

bool runcache_put(struct heap *heap, size_t unit, size_t units)
{
    uint32_t *place = place_of(heap, units);
    if (!place || *place)
        return false;
    *place = (uint32_t)unit + 1;
    return true;
}

void runcache_flush(struct heap *heap)
{
    for (size_t units = 1; heap->has_slabs && units <= RUN_CACHE_UNITS; units++) {
        size_t unit = runcache_take(heap, units);
        if (unit != SIZE_MAX)
            pool_give_units(unit, units);
    }
}
