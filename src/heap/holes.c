#include "heap/holes.h"

#include "base/check.h"
#include "os/vm.h"
#include "pool/pool.h"

enum { BATCH_SLABS = 32, BATCH_RANGES = 128 };

/* Slabs whose holes are reserved, and the ranges that these are. */
struct batch {
    size_t slabs, ranges, bytes;
    struct {
        struct slab *slab;
        uint64_t pages;
    } slab[BATCH_SLABS];
    struct vm_range range[BATCH_RANGES];
};

static struct batch batch_of_step; /* [lock: scavenger]; empty between steps; a thread's stack may be small */

/* Adds a range of pages, to the last one where it follows that. */
static void add_range(struct batch *batch, uintptr_t address, size_t bytes)
{
    struct vm_range *last = batch->ranges ? &batch->range[batch->ranges - 1] : NULL;
    if (last && last->address + last->bytes == address)
        last->bytes += bytes;
    else
        batch->range[batch->ranges++] = (struct vm_range){address, bytes};
    batch->bytes += bytes;
}

static void add_slab(struct batch *batch, struct slab *slab, uint64_t pages)
{
    size_t page = vm_page_bytes();
    batch->slab[batch->slabs].slab = slab;
    batch->slab[batch->slabs++].pages = pages;
    for (uint64_t left = pages; left;) {
        unsigned first = bit_lowest(left);
        uint64_t behind = ~(left >> first);
        unsigned length = behind ? bit_lowest(behind) : 64;
        add_range(batch, (uintptr_t)slab_address(slab) + first * page, length * page);
        left &= ~(bits_below(length) << first);
    }
}

static bool is_full(const struct batch *batch)
{
    enum { RANGES_OF_A_SLAB = 32 };
    return batch->slabs == BATCH_SLABS || batch->ranges > BATCH_RANGES - RANGES_OF_A_SLAB;
}

static void return_slab(struct slab *slab, uint64_t pages, bool purged)
{
    struct heap *heap = heap_of_number(slab->owner);
    slab_link released = 0;
    heap_lock(heap);
    unsigned quiet = slab->quiet; /* 0: somebody took or put blocks meanwhile */
    bin_return_holes(heap, slab, pages, purged, &released);
    slab->quiet = quiet & 7;
    heap_unlock(heap);
    bin_give_released(heap, released);
}

static void forget(struct batch *batch)
{
    batch->slabs = batch->ranges = batch->bytes = 0;
}

static void finish(struct batch *batch, enum holes_pass pass, struct holes_result *result)
{
    for (size_t i = 0; i < batch->slabs; i++)
        pool_note_holes(batch->slab[i].slab->unit);
    bool purged = batch->ranges && vm_purge_ranges(batch->range, batch->ranges, pass != HOLES_ALL_SINGLY);
    for (size_t i = 0; i < batch->slabs; i++)
        return_slab(batch->slab[i].slab, batch->slab[i].pages, purged);
    result->bytes += purged ? batch->bytes : 0;
    result->ranges += batch->ranges;
    forget(batch);
}

static bool is_left_alone(size_t unit, uint32_t tag, enum holes_pass pass)
{
    return tag < TAG_OWNED || (pass == HOLES_ALL_SINGLY && pool_is_collapsed(unit));
}

/* Whether a slab has been left alone long enough; counts passes. [lock: heap] */
static bool is_due(struct slab *slab, bool all, struct holes_result *result)
{
    bool worth = slab->free_blocks > 0 && slab->state != SLAB_NONE;
    if (!worth || (slab->quiet == QUIET_DONE && !all))
        return false;
    if (all || slab->quiet > 0)
        return true;
    slab->quiet = 1;
    result->not_quiet += slab->free_blocks * class_size(slab->size_class);
    return false;
}

/* The slab that begins at `unit`, if one does once its owner's lock is held. Returns its units. */
static size_t reserve(struct batch *batch, size_t unit, uint32_t tag, bool all, struct holes_result *result)
{
    struct heap *heap = heap_of_number(tag >> TAG_OWNER_LOG2);
    struct slab *slab = region_slab_record(unit);
    size_t units = 1;
    heap_lock(heap);
    if (region_tag(unit) == tag && slab->unit_offset == 0 && slab->state != SLAB_NONE) {
        units = size_classes[slab->size_class].slab_units;
        if (is_due(slab, all, result)) {
            uint64_t pages = bin_reserve_holes(heap, slab);
            slab->quiet = QUIET_DONE;
            if (pages)
                add_slab(batch, slab, pages);
        }
    }
    heap_unlock(heap);
    return units;
}

void holes_fork_child(void)
{
    forget(&batch_of_step);
}

void holes_purge(size_t *unit, size_t units, enum holes_pass pass, struct holes_result *result)
{
    struct batch *batch = &batch_of_step;
    size_t end = size_min(*unit + units, region_units());
    size_t at = *unit;
    while (at < end) {
        uint32_t tag = region_tag(at);
        at += is_left_alone(at, tag, pass) ? 1 : reserve(batch, at, tag, pass != HOLES_QUIET, result);
        if (is_full(batch))
            finish(batch, pass, result);
    }
    finish(batch, pass, result);
    *unit = at < region_units() ? at : 0;
}
