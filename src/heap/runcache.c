#include "heap/runcache.h"

#include "pool/pool.h"

/* Who takes a run comes after who put it, and after all that was written to it and to its records. */
#ifndef RUNCACHE_ORDER_PUT
#define RUNCACHE_ORDER_PUT memory_order_release
#endif
#ifndef RUNCACHE_ORDER_TAKE
#define RUNCACHE_ORDER_TAKE memory_order_acquire
#endif

static _Atomic uint32_t *place_of(struct heap *heap, size_t units)
{
    return heap_has_slabs(heap) && units <= RUN_CACHE_UNITS ? &heap_bins(heap)->cached_runs[units - 1] : NULL;
}

static size_t take(_Atomic uint32_t *place)
{
    uint32_t run = atomic_exchange_explicit(place, 0, RUNCACHE_ORDER_TAKE);
    return run ? run - 1 : SIZE_MAX;
}

size_t runcache_take(struct heap *heap, size_t units)
{
    _Atomic uint32_t *place = place_of(heap, units);
    return place && atomic_load_explicit(place, memory_order_relaxed) ? take(place) : SIZE_MAX;
}

bool runcache_put(struct heap *heap, size_t unit, size_t units)
{
    _Atomic uint32_t *place = place_of(heap, units);
    if (!place || atomic_load_explicit(place, memory_order_relaxed))
        return false;
    atomic_store_explicit(place, (uint32_t)unit + 1, RUNCACHE_ORDER_PUT);
    return true;
}

void runcache_release_quiet(struct heap *heap)
{
    struct heap_bins *bins = heap_bins(heap);
    for (size_t units = 1; heap_has_slabs(heap) && units <= RUN_CACHE_UNITS; units++) {
        _Atomic uint32_t *place = &bins->cached_runs[units - 1];
        uint32_t *seen = &bins->seen_runs[units - 1], run = atomic_load_explicit(place, memory_order_relaxed);
        size_t unit = run && run == *seen ? take(place) : SIZE_MAX;
        if (unit != SIZE_MAX)
            pool_give_units(unit, units);
        run = unit == SIZE_MAX ? run : 0;
        if (*seen != run) /* a page that a fork shares stays shared */
            *seen = run;
    }
}

void runcache_flush(struct heap *heap)
{
    for (size_t units = 1; heap_has_slabs(heap) && units <= RUN_CACHE_UNITS; units++) {
        size_t unit = runcache_take(heap, units);
        if (unit != SIZE_MAX)
            pool_give_units(unit, units);
    }
}
