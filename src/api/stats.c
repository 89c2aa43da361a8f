/* stats.c - the public readings: statistics, the walk over live blocks, and small questions. */
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/census.h"
#include "base/version.h"
#include "front/checked.h"
#include "front/watch.h"
#include "hakmem.h"
#include "heap/guard.h"
#include "heap/registry.h"
#include "heap/scavenger.h"
#include "os/vm.h"
#include "pool/pool.h"

EXPORT const char *hakmem_version(void)
{
    return HAKMEM_VERSION_STRING;
}

EXPORT size_t hakmem_usable_size(const void *p)
{
    return p && hakmem_owns(p) ? front_usable_size(NULL, p) : 0;
}

EXPORT size_t hakmem_good_size(size_t size)
{
    return front_good_size(size);
}

EXPORT bool hakmem_owns(const void *p)
{
    size_t unit = region_unit_of(p);
    if (unit >= region_units())
        return false;
    return region_tag(unit) != TAG_NONE || pool_huge_span(unit >> SUPERSLAB_UNITS_LOG2).count != 0;
}

EXPORT size_t hakmem_trim(void)
{
    struct heap *before = thread_enter_from();
    size_t bytes = before == &inside_gate ? 0 : scavenger_trim();
    thread_leave_to(before);
    return bytes;
}

EXPORT size_t hakmem_idle(void)
{
    struct heap *before = thread_enter_from();
    size_t bytes = before == &inside_gate ? 0 : registry_rest();
    thread_leave_to(before);
    return bytes;
}

EXPORT size_t hakmem_squeeze(void)
{
    struct heap *before = thread_enter_from();
    if (before != &inside_gate)
        registry_start_afresh();
    thread_leave_to(before);
    return hakmem_trim();
}

/* ---- statistics */

static uint64_t load(_Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void add_heap(struct heap *heap, struct hakmem_stats *stats)
{
    struct heap_stats *from = &heap->stats;
    stats->front_mallocs += load(&from->mallocs);
    stats->front_malloc_hits += load(&from->malloc_hits);
    stats->front_frees += load(&from->frees);
    stats->front_free_hits += load(&from->free_hits);
    stats->refills += load(&from->refills);
    stats->refill_blocks += load(&from->refill_blocks);
    stats->flushes += load(&from->flushes);
    stats->flush_blocks += load(&from->flush_blocks);
    stats->remote_frees += load(&from->remote_frees);
    stats->depot_puts += load(&from->depot_puts);
    stats->depot_hits += load(&from->depot_hits);
    stats->depot_misses += load(&from->depot_misses);
    stats->published_blocks += load(&from->published_blocks);
    stats->collected_blocks += load(&from->collected_blocks);
    stats->slabs_new += load(&from->slabs_new);
    stats->slabs_released += load(&from->slabs_released);
    heap_lock(heap);
    stats->free_bytes += heap->free_bytes;
    stats->free_away_bytes += heap->purged_bytes;
    heap_unlock(heap);
    stats->heaps_adopted += load(&from->adoptions);
}

static void add_scavenger(struct hakmem_stats *stats)
{
    stats->purged_bytes = load(&scavenger_stats.purged_bytes);
    stats->holes_bytes = load(&scavenger_stats.holes_bytes);
    stats->scavenger_starts = load(&scavenger_stats.starts);
    stats->scavenger_passes = load(&scavenger_stats.passes);
    stats->huge_pages = load(&scavenger_stats.huge_pages);
}

static void add_pool(struct hakmem_stats *stats)
{
    struct pool_stats pool;
    pool_stats_read(&pool);
    stats->superslabs = pool.mapped;
    stats->superslabs_in_use = pool.shared + pool.huge;
    stats->superslabs_lru = pool.warm;
    stats->retained_bytes = pool.warm * (uint64_t)SUPERSLAB_BYTES +
                            pool.free_dirty_units * (uint64_t)UNIT_BYTES;
    stats->pool_dirty_hits = pool.dirty_hits;
    stats->pool_clean = pool.clean;
    stats->lru_hits = pool.lru_hits;
    stats->lru_misses = pool.lru_misses;
    stats->lru_evictions = pool.lru_evictions;
}

static bool add_entry(const struct census_entry *entry, void *argument)
{
    struct hakmem_stats *stats = argument;
    unsigned taken = entry->blocks - census_free_blocks(entry);
    stats->live_blocks += taken;
    stats->live_bytes += taken * (uint64_t)entry->block_bytes;
    return true;
}

static void add_cached(void *const *blocks, size_t n, size_t block_bytes, unsigned size_class, void *argument)
{
    (void)blocks, (void)size_class;
    struct hakmem_stats *stats = argument;
    uint64_t bytes = n * block_bytes;
    stats->cached_bytes += bytes;
    stats->live_blocks -= size_min(n, stats->live_blocks); /* the maps count them as taken */
    stats->live_bytes -= bytes < stats->live_bytes ? bytes : stats->live_bytes;
}

static void add_memory(struct hakmem_stats *stats)
{
    size_t parked;
    registry_heap_count(&parked);
    stats->heaps_parked = parked;
    stats->metadata_bytes = region_metadata_bytes();
    stats->mapped_bytes = region_payload_bytes();
    for (struct heap *heap = registry_heaps(); heap; heap = heap->next_heap)
        add_heap(heap, stats);
    add_pool(stats);
    scavenger_hold();
    census_visit(add_entry, stats);
    census_visit_cached(add_cached, stats);
    scavenger_let_go();
}

EXPORT bool hakmem_stats_read(struct hakmem_stats *out, size_t size)
{
    if (!out)
        return false;
    struct hakmem_stats stats = {0};
    stats.heaps = registry_heap_count(&(size_t){0});
    stats.calls_mmap = load(&vm_calls.mmap);
    stats.calls_munmap = load(&vm_calls.munmap);
    stats.calls_madvise = load(&vm_calls.madvise);
    stats.calls_mremap = load(&vm_calls.mremap);
    stats.calls_prctl = load(&vm_calls.prctl);
    add_scavenger(&stats);
    struct heap *before = thread_enter_from();
    if (region_units() && !thread_may_hold_locks(before))
        add_memory(&stats);
    thread_leave_to(before);
    memcpy(out, &stats, size_min(size, sizeof stats));
    return true;
}

/* ---- size classes */

struct classes {
    struct hakmem_class_stats *first;
    size_t count;
};

static bool add_slab(const struct census_entry *entry, void *argument)
{
    struct classes *classes = argument;
    if (entry->size_class >= classes->count)
        return true;
    struct hakmem_class_stats *class = &classes->first[entry->size_class];
    unsigned taken = entry->blocks - census_free_blocks(entry);
    class->slabs++;
    class->live_blocks += taken;
    class->resident_bytes += align_up(entry->blocks * entry->block_bytes, vm_page_bytes()) -
                             entry->away_bytes;
    return true;
}

/* The maps call these taken. */
static void add_class_cached(void *const *blocks, size_t n, size_t block_bytes, unsigned size_class,
                             void *argument)
{
    (void)blocks, (void)block_bytes;
    struct classes *classes = argument;
    if (size_class < classes->count) {
        classes->first[size_class].cached_blocks += n;
        classes->first[size_class].live_blocks -= size_min(n, classes->first[size_class].live_blocks);
    }
}

EXPORT size_t hakmem_class_stats_read(struct hakmem_class_stats *first, size_t count)
{
    struct classes classes = {first, size_min(count, SIZE_CLASSES)};
    for (unsigned c = 0; c < classes.count; c++)
        first[c] = (struct hakmem_class_stats){.block_bytes = class_size(c)};
    struct heap *before = thread_enter_from();
    if (region_units() && count && !thread_may_hold_locks(before)) {
        scavenger_hold();
        census_visit(add_slab, &classes);
        census_visit_cached(add_class_cached, &classes);
        scavenger_let_go();
    }
    thread_leave_to(before);
    for (unsigned c = 0; c < classes.count; c++) {
        first[c].live_bytes = first[c].live_blocks * first[c].block_bytes;
        first[c].cached_bytes = first[c].cached_blocks * first[c].block_bytes;
    }
    return SIZE_CLASSES;
}

/* ---- the walk */

/* Blocks that the maps call taken but that lie in a cache, sorted. */
struct cached_blocks {
    uintptr_t *blocks; /* NULL while they are only counted */
    size_t count, room;
};

static void note_cached(void *const *blocks, size_t n, size_t block_bytes, unsigned size_class,
                        void *argument)
{
    (void)block_bytes, (void)size_class;
    struct cached_blocks *cached = argument;
    for (size_t i = 0; i < n; i++, cached->count++)
        if (cached->count < cached->room)
            cached->blocks[cached->count] = (uintptr_t)blocks[i];
}

static int compare_addresses(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;
    return (x > y) - (x < y);
}

/* An in-place heap sort: libc's qsort may allocate. */
static void sift_down(uintptr_t *blocks, size_t root, size_t end)
{
    for (size_t child; (child = 2 * root + 1) < end; root = child) {
        if (child + 1 < end && blocks[child] < blocks[child + 1])
            child++;
        if (blocks[root] >= blocks[child])
            return;
        uintptr_t swapped = blocks[root];
        blocks[root] = blocks[child];
        blocks[child] = swapped;
    }
}

static void sort_addresses(uintptr_t *blocks, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sift_down(blocks, i, n);
    for (size_t end = n; end-- > 1;) {
        uintptr_t largest = blocks[0];
        blocks[0] = blocks[end];
        blocks[end] = largest;
        sift_down(blocks, 0, end);
    }
}

static bool is_cached(const struct cached_blocks *cached, uintptr_t block)
{
    return bsearch(&block, cached->blocks, cached->count, sizeof block, compare_addresses) != NULL;
}

struct walk {
    hakmem_walk_fn visit;
    void *argument;
    struct cached_blocks cached;
};

/* In check mode a block is as large as what was asked for. */
static size_t usable_of(uintptr_t block, size_t block_bytes)
{
    return watch_checks() && !guard_owns((const void *)block) ? checked_usable_size(NULL, (const void *)block)
                                                              : block_bytes;
}

static bool walk_entry(const struct census_entry *entry, void *argument)
{
    struct walk *walk = argument;
    for (unsigned i = 0; i < entry->blocks; i++) {
        uintptr_t block = entry->address + i * entry->block_bytes;
        bool taken = !((entry->free_map[i / 64] >> (i % 64)) & 1);
        if (taken && !is_cached(&walk->cached, block) &&
            !walk->visit((void *)block, usable_of(block, entry->block_bytes), walk->argument))
            return false;
    }
    return true;
}

/* The scavenger is held. */
static bool walk_held(struct walk *walk)
{
    census_visit_cached(note_cached, &walk->cached);
    walk->cached.room = walk->cached.count + walk->cached.count / 8 + 1;
    walk->cached.count = 0;
    size_t bytes = align_up(walk->cached.room * sizeof(uintptr_t), vm_page_bytes());
    walk->cached.blocks = (uintptr_t *)vm_map(bytes);
    if (!walk->cached.blocks)
        return false;
    census_visit_cached(note_cached, &walk->cached);
    walk->cached.count = size_min(walk->cached.count, walk->cached.room);
    sort_addresses(walk->cached.blocks, walk->cached.count);
    bool whole = census_visit(walk_entry, walk);
    vm_unmap((uintptr_t)walk->cached.blocks, bytes);
    return whole;
}

EXPORT bool hakmem_walk(hakmem_walk_fn visit, void *argument)
{
    struct walk walk = {.visit = visit, .argument = argument};
    struct heap *before = thread_enter_from();
    bool whole = false;
    if (!thread_may_hold_locks(before)) {
        scavenger_hold();
        whole = walk_held(&walk);
        scavenger_let_go();
    }
    thread_leave_to(before);
    return whole;
}
