#include "front/large.h"

#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "heap/misuse.h"
#include "heap/registry.h"
#include "heap/runcache.h"
#include "heap/scavenger.h"
#include "heap/thrift.h"
#include "os/vm.h"
#include "pool/pool.h"
#include "region/region.h"

enum { COPIED_MAX_SUPERSLABS = 8 }; /* of a huge block that moves: some 2 ms */

static bool is_run_tag(uint32_t tag)
{
    return tag > TAG_RUN && tag <= TAG_RUN + RUN_MAX_UNITS;
}

static size_t units_of(size_t size)
{
    return (size + UNIT_BYTES - 1) >> UNIT_LOG2;
}

static size_t superslabs_of(size_t size)
{
    return (size + SUPERSLAB_BYTES - 1) >> SUPERSLAB_LOG2;
}

/* ---- runs */

static void tag_run(size_t unit, size_t units)
{
    for (size_t i = units; i-- > 1;)
        region_tag_set(unit + i, (uint32_t)(TAG_RUN_INNER + i));
    region_tag_set(unit, (uint32_t)(TAG_RUN + units));
}

static size_t cached_run(size_t units, bool *clean)
{
    struct heap *heap = registry_own_heap();
    *clean = false;
    return heap ? runcache_take(heap, units) : POOL_NO_UNIT;
}

static size_t pooled_run(size_t units, size_t align, bool *clean)
{
    *clean = false;
    if (thrift_is_due(units)) {
        size_t unit = pool_take_used_units(SUPERSLAB_RUNS, units, align);
        if (unit != POOL_NO_UNIT)
            return unit;
        thrift_watch(registry_own_heap(), units);
    }
    return pool_take_units(SUPERSLAB_RUNS, units, align, clean);
}

static void *run_malloc(size_t size, size_t align, bool zeroed)
{
    bool clean;
    size_t units = units_of(size);
    size_t unit = align <= UNIT_BYTES ? cached_run(units, &clean) : POOL_NO_UNIT;
    if (unit == POOL_NO_UNIT)
        unit = pooled_run(units, size_max(1, align >> UNIT_LOG2), &clean);
    if (unit == POOL_NO_UNIT)
        return NULL;
    tag_run(unit, units);
    void *p = (void *)region_unit_address(unit);
    return zeroed && !clean ? memset(p, 0, size) : p;
}

/* The tag is taken away in one step, so that of two frees at once one finds nothing. */
static bool take_tag(size_t unit, uint32_t tag)
{
    return atomic_compare_exchange_strong_explicit(&region.tag[unit], &tag, TAG_NONE, memory_order_relaxed,
                                                   memory_order_relaxed);
}

static void run_free(size_t unit, uint32_t tag)
{
    size_t units = tag - TAG_RUN;
    if (!take_tag(unit, tag)) {
        misuse_double_free((void *)region_unit_address(unit));
        return;
    }
    for (size_t i = 1; i < units; i++)
        region_tag_set(unit + i, TAG_NONE);
    struct heap *heap = registry_own_heap();
    if (!heap || !runcache_put(heap, unit, units))
        pool_give_units(unit, units);
}

static bool run_resize(size_t unit, size_t units, size_t wanted)
{
    if (wanted > RUN_MAX_UNITS)
        return false;
    if (wanted > units && !pool_take_units_at(unit + units, wanted - units))
        return false;
    tag_run(unit, wanted);
    for (size_t i = wanted; i < units; i++)
        region_tag_set(unit + i, TAG_NONE);
    if (wanted < units)
        pool_give_units(unit + wanted, units - wanted);
    return true;
}

/* ---- huge blocks */

static void *span_block(struct span span)
{
    return (void *)superslab_address(span.first);
}

static size_t span_unit(struct span span)
{
    return span.first << SUPERSLAB_UNITS_LOG2;
}

static void *huge_malloc(size_t size, size_t align, bool zeroed)
{
    bool clean;
    size_t units = size_max(units_of(size), RUN_MAX_UNITS + 1); /* no run, however aligned */
    thrift_watch(registry_own_heap(), units);
    struct span span = pool_take_span(superslabs_of(size), size_max(1, align >> SUPERSLAB_LOG2), &clean);
    if (!span.count)
        return NULL;
    region_tag_set(span_unit(span), TAG_HUGE);
    pool_allow_huge_pages((struct span){span.first, size >> SUPERSLAB_LOG2});
    return zeroed && !clean ? memset(span_block(span), 0, size) : span_block(span);
}

static void huge_free(size_t unit)
{
    struct span span = pool_huge_span(unit >> SUPERSLAB_UNITS_LOG2);
    if (!take_tag(unit, TAG_HUGE)) {
        misuse_double_free((void *)region_unit_address(unit));
        return;
    }
    pool_give_span(span);
}

/* Moves page tables instead of bytes, all but what lies in a mapping of its own at the end: where huge pages
 * were allowed, that is the last, partly covered SuperSlab. Returns bytes moved; *to is lost with count 0. */
static size_t move_pages(struct span span, struct span *to, size_t movable)
{
    size_t bytes = movable << SUPERSLAB_LOG2;
    enum vm_result result = vm_move(superslab_address(span.first), bytes, superslab_address(to->first));
    if (result == VM_DONE)
        pool_span_moved(span, *to, movable);
    if (result == VM_NO_MEMORY) {
        pool_lose_span(*to);
        to->count = 0;
    }
    return result == VM_DONE ? bytes : 0;
}

/* To a new span. What has memory of its own is filled by copying, unless that takes too long: pages moved
 * there would take its place, and both would have to be made anew. */
static void *huge_move(struct span span, size_t count)
{
    bool clean;
    size_t movable = pool_movable(span);
    if (!movable)
        return NULL;
    struct span to = pool_take_span(count, 1, &clean);
    if (!to.count)
        return NULL;
    size_t moved = clean || count > COPIED_MAX_SUPERSLABS ? move_pages(span, &to, movable) : 0;
    if (!to.count)
        return NULL;
    memcpy((char *)span_block(to) + moved, (char *)span_block(span) + moved,
           (span.count << SUPERSLAB_LOG2) - moved);
    region_tag_set(span_unit(to), TAG_HUGE);
    region_tag_set(span_unit(span), TAG_NONE);
    pool_give_span(span);
    return span_block(to);
}

static void *huge_resize(size_t unit, size_t size)
{
    struct span span = pool_huge_span(unit >> SUPERSLAB_UNITS_LOG2);
    size_t count = superslabs_of(size);
    if (count < span.count)
        pool_shrink_span(&span, count);
    else if (count > span.count && !pool_extend_span(&span, count))
        return huge_move(span, count);
    return span_block(span);
}

/* ---- both */

static bool is_run_size(size_t size, size_t align)
{
    return size <= RUN_MAX_BYTES && align <= RUN_MAX_BYTES;
}

void *large_malloc(size_t size, size_t align, bool zeroed)
{
    if (!region_claim())
        return NULL;
    scavenger_watch();
    size = size_max(size, 1);
    return is_run_size(size, align) ? run_malloc(size, align, zeroed) : huge_malloc(size, align, zeroed);
}

void large_free(void *p, size_t unit, uint32_t tag)
{
    bool at_start = (uintptr_t)p == region_unit_address(unit);
    if (likely(at_start && is_run_tag(tag)))
        run_free(unit, tag);
    else if (likely(at_start && tag == TAG_HUGE))
        huge_free(unit);
    else
        misuse_free("free", p, unit, tag);
}

size_t large_usable_size(const void *p, size_t unit, uint32_t tag)
{
    if ((uintptr_t)p != region_unit_address(unit))
        return 0;
    if (is_run_tag(tag))
        return (size_t)(tag - TAG_RUN) << UNIT_LOG2;
    return tag == TAG_HUGE ? pool_huge_superslabs(unit >> SUPERSLAB_UNITS_LOG2) << SUPERSLAB_LOG2 : 0;
}

void *large_resize(void *p, size_t size)
{
    size_t unit = region_unit_of(p);
    uint32_t tag = region_tag(unit);
    if (is_run_tag(tag))
        return run_resize(unit, tag - TAG_RUN, units_of(size)) ? p : NULL;
    return is_run_size(size, 1) ? NULL : huge_resize(unit, size);
}

size_t large_good_size(size_t size)
{
    return is_run_size(size, 1) ? align_up(size, UNIT_BYTES) : align_up(size, SUPERSLAB_BYTES);
}
