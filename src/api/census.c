#include "api/census.h"

#include <string.h>

#include "heap/depot.h"
#include "heap/fastcache.h"
#include "heap/guard.h"
#include "heap/quarantine.h"
#include "heap/registry.h"
#include "os/vm.h"
#include "pool/pool.h"

/* ---- slabs, runs, huge blocks */

static void read_map(struct slab *slab, struct census_entry *entry)
{
    entry->address = (uintptr_t)slab_address(slab);
    entry->block_bytes = class_size(slab->size_class);
    entry->size_class = slab->size_class;
    entry->away_bytes = bit_count(slab->purged_pages) * vm_page_bytes();
    entry->blocks = slab->blocks;
    const uint64_t *words = slab_words(slab);
    for (unsigned w = 0; w < size_classes[slab->size_class].slab_words; w++)
        entry->free_map[w] = words[w] | remote_peek(slab, w);
}

/* The slab whose head is `unit`, if it still is one once its owner's lock is held. Returns its units. */
static size_t read_slab(size_t unit, uint32_t tag, struct census_entry *entry)
{
    struct heap *owner = heap_of_number(tag >> TAG_OWNER_LOG2);
    struct slab *slab = region_slab_record(unit);
    size_t units = 1;
    heap_lock(owner);
    entry->blocks = 0;
    if (region_tag(unit) == tag && slab->unit_offset == 0 && slab->state != SLAB_NONE) {
        units = size_classes[slab->size_class].slab_units;
        read_map(slab, entry);
    }
    heap_unlock(owner);
    return units;
}

static size_t read_large(size_t unit, uint32_t tag, struct census_entry *entry)
{
    size_t units = tag == TAG_HUGE
                       ? pool_huge_span(unit >> SUPERSLAB_UNITS_LOG2).count << SUPERSLAB_UNITS_LOG2
                       : tag - TAG_RUN;
    entry->address = region_unit_address(unit);
    entry->size_class = SIZE_CLASSES;
    entry->away_bytes = 0;
    entry->block_bytes = units << UNIT_LOG2;
    entry->blocks = units != 0;
    entry->free_map[0] = 0;
    return size_max(units, 1);
}

struct guarded_visit {
    bool (*visit)(const struct census_entry *entry, void *argument);
    void *argument;
    struct census_entry *entry;
};

static bool read_guarded(uintptr_t block, size_t bytes, void *argument)
{
    const struct guarded_visit *to = argument;
    to->entry->address = block;
    to->entry->size_class = SIZE_CLASSES;
    to->entry->away_bytes = 0;
    to->entry->block_bytes = bytes;
    to->entry->blocks = 1;
    to->entry->free_map[0] = 0;
    return to->visit(to->entry, to->argument);
}

bool census_visit(bool (*visit)(const struct census_entry *entry, void *argument), void *argument)
{
    struct census_entry entry;
    struct guarded_visit to = {visit, argument, &entry};
    for (size_t unit = 0, units; unit < region_units(); unit += units) {
        uint32_t tag = region_tag(unit);
        units = 1;
        if (tag >= TAG_OWNED)
            units = read_slab(unit, tag, &entry);
        else if (tag == TAG_GUARDED && !guard_visit(unit, read_guarded, &to))
            return false;
        else if (tag == TAG_HUGE || (tag > TAG_RUN && tag <= TAG_RUN + RUN_MAX_UNITS))
            units = read_large(unit, tag, &entry);
        else
            continue;
        if (entry.blocks && !visit(&entry, argument))
            return false;
    }
    return true;
}

/* ---- caches */

struct cached_visit {
    census_cached_fn *visit;
    void *argument;
};

static void visit_magazine(const struct magazine *magazine, void *argument)
{
    const struct cached_visit *to = argument;
    to->visit(magazine->blocks, magazine->count, class_size(magazine->size_class), magazine->size_class,
              to->argument);
}

/* A running thread's stack may be read in the midst of a change: what cannot be is passed over. */
static void visit_fastcache(struct heap *heap, unsigned size_class, const struct cached_visit *to)
{
    unsigned capacity = __atomic_load_n(&heap->capacity[size_class], __ATOMIC_RELAXED);
    void **limit = __atomic_load_n(&heap->limit[size_class], __ATOMIC_RELAXED);
    void **top = __atomic_load_n(&heap->top[size_class], __ATOMIC_RELAXED);
    if (top > limit - capacity && top <= limit)
        to->visit(limit - capacity + 1, (size_t)(top - (limit - capacity)), class_size(size_class),
                  size_class, to->argument);
}

static void visit_quarantined(const struct quarantined *entry, void *argument)
{
    const struct cached_visit *to = argument;
    uint32_t tag = region_tag(region_unit_of(entry->block));
    to->visit(&entry->block, 1, entry->usable, tag < TAG_OWNED ? SIZE_CLASSES : tag % TAG_OWNED,
              to->argument);
}

void census_visit_cached(census_cached_fn *visit, void *argument)
{
    struct cached_visit to = {visit, argument};
    for (struct heap *heap = registry_heaps(); heap; heap = heap->next_heap)
        for (unsigned c = 0; c < SIZE_CLASSES; c++) {
            visit_fastcache(heap, c, &to);
            struct magazine *magazine = heap_has_slabs(heap) ? heap_bins(heap)->magazines[c] : NULL;
            if (magazine && magazine->count)
                visit_magazine(magazine, &to);
        }
    depot_visit(visit_magazine, &to);
    quarantine_visit(visit_quarantined, &to);
}
