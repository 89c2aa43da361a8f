/* supply.c - where whole SuperSlabs come from: the LRU, the cold set, or windows that the region maps anew;
 * of such a window that begins or ends amid a SuperSlab, units go to the buckets. [lock: pool] */
#include "pool/state.h"
#include "region/image.h"

static void add_units(size_t number, unsigned first, unsigned count)
{
    struct superslab *superslab = superslab_at(number);
    superslab->kind = SUPERSLAB_SHARED;
    superslab->units = (uint8_t)(superslab->units + count);
    superslab->free_units |= superslab_row(first, count);
    if (first + count == SUPERSLAB_UNITS)
        superslab_guard(superslab);
    bucket_place(superslab);
}

static void add_superslabs(struct span span)
{
    for (size_t i = 0; i < span.count; i++)
        superslab_at(span.first + i)->units = SUPERSLAB_UNITS;
    span_insert(&pool.cold, span, 0);
}

bool supply_map(size_t min_units)
{
    size_t at, count;
    if (!region_grow(min_units, &at, &count))
        return false;
    region_image()->pool_counters = (uintptr_t)&pool.dirty_hits;
    size_t inside = at % SUPERSLAB_UNITS;
    if (inside) {
        size_t head = size_min(count, SUPERSLAB_UNITS - inside);
        add_units(at >> SUPERSLAB_UNITS_LOG2, (unsigned)inside, (unsigned)head);
        at += head;
        count -= head;
    }
    if (count >= SUPERSLAB_UNITS)
        add_superslabs((struct span){at >> SUPERSLAB_UNITS_LOG2, count >> SUPERSLAB_UNITS_LOG2});
    if (count % SUPERSLAB_UNITS)
        add_units((at + count) >> SUPERSLAB_UNITS_LOG2, 0, (unsigned)(count % SUPERSLAB_UNITS));
    return true;
}

size_t supply_units_for_span(size_t count)
{
    size_t next = region_next_unit();
    return align_up(next, SUPERSLAB_UNITS) - next + (count << SUPERSLAB_UNITS_LOG2);
}

struct span supply_take_span(size_t count, size_t align)
{
    struct span span = span_take(&pool.warm, count, align);
    if (span.count) {
        pool.lru_hits++;
        lru_note("reused", span);
        return span;
    }
    if (align == 1 && count > 1 && (span = span_take_mixed(&pool.warm, &pool.cold, count)).count) {
        pool.lru_hits++;
        lru_note("reused in part", span);
        return span;
    }
    pool.lru_misses++;
    span = span_take(&pool.cold, count, align);
    if (!span.count && supply_map(supply_units_for_span(count + align - 1)))
        span = span_take(&pool.cold, count, align);
    return span;
}
