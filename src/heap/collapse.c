#include "heap/collapse.h"

#include <string.h>

#include "os/file.h"
#include "os/vm.h"
#include "pool/pool.h"

enum {
    LOOKS = 2048,                       /* at SuperSlabs in a pass, */
    COLLAPSES = 64,                     /* and huge pages made in it: some 20 ms of the scavenger's time */
    SPARE_BYTES = SUPERSLAB_BYTES / 16, /* free in a SuperSlab that still counts as dense */
};

/* Free bytes of the slab that begins at `unit`; all of the unit when there is none, or it has holes. */
static size_t free_in_slab(size_t unit, uint32_t tag, size_t *units)
{
    struct heap *heap = heap_of_number(tag >> TAG_OWNER_LOG2);
    struct slab *slab = region_slab_record(unit);
    size_t bytes = UNIT_BYTES;
    *units = 1;
    heap_lock(heap);
    if (region_tag(unit) == tag && slab->unit_offset == 0 && slab->state != SLAB_NONE && !slab->has_purged) {
        *units = size_classes[slab->size_class].slab_units;
        bytes = slab->free_blocks * class_size(slab->size_class);
    }
    heap_unlock(heap);
    return bytes;
}

/* Whether all of a SuperSlab is in use, but for a little. */
static bool is_dense(size_t number)
{
    size_t unit = number << SUPERSLAB_UNITS_LOG2, end = unit + SUPERSLAB_UNITS, bytes = 0;
    for (size_t units; unit < end && bytes <= SPARE_BYTES; unit += units) {
        uint32_t tag = region_tag(unit);
        units = 1;
        if (tag >= TAG_OWNED)
            bytes += free_in_slab(unit, tag, &units);
        else if (tag == TAG_NONE)
            bytes += UNIT_BYTES;
    }
    return bytes <= SPARE_BYTES;
}

/* MADV_COLLAPSE does not ask what the administrator wants. */
static bool system_allows(void)
{
    char text[64];
    return file_read("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof text) > 0 &&
           !strstr(text, "[never]");
}

/* A look at one SuperSlab; true when it is dense now. */
static bool look_at(size_t number, size_t *made)
{
    if (!pool_is_collapsible(number))
        return false;
    bool dense = is_dense(number);
    if (pool_note_density(number, dense))
        *made += vm_collapse(superslab_address(number), SUPERSLAB_BYTES);
    return dense && pool_is_collapsible(number);
}

size_t collapse_dense(size_t *superslab, bool *more)
{
    size_t made = 0, number = *superslab, end = size_min(number + LOOKS, superslab_count());
    *superslab = 0;
    *more = false;
    if (OPTION_VALUE(thp) == THP_NEVER || !pool_may_collapse() || !system_allows())
        return 0;
    for (; number < end && made < COLLAPSES; number++)
        *more |= look_at(number, &made);
    if (number < superslab_count())
        *superslab = number;
    *more |= *superslab != 0;
    return made;
}
