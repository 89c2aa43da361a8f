/* superslab.c - one SuperSlab, and spans of them: which units may be resident, and guards; declared in
 * state.h. [lock: pool]
 *
 *     pool.dirty_units == the sum of all dirty_units */
#include "pool/state.h"

void superslab_set_dirty(struct superslab *superslab, uint32_t units)
{
    size_t more = bit_count(units) - (size_t)bit_count(superslab->dirty_units);
    __atomic_store_n(&pool.dirty_units, pool.dirty_units + more, __ATOMIC_RELAXED);
    superslab->dirty_units = units;
}

/* ---- guards, in secure mode: what runs over the end of a shared SuperSlab does not reach the next one */

static uintptr_t guard_address(const struct superslab *superslab)
{
    return superslab_address(superslab_number(superslab) + 1) - UNIT_BYTES;
}

/* Where a wide slab needs all units, there is none. */
void superslab_guard(struct superslab *superslab)
{
    if (likely(!OPTION_VALUE(secure)) || (int)SUPERSLAB_UNITS == (int)WIDE_UNITS || superslab->guarded ||
        !vm_guard_bounded(guard_address(superslab), UNIT_BYTES))
        return;
    superslab->guarded = true;
    superslab->free_units &= ~superslab_guard_units(superslab);
    superslab_set_dirty(superslab, superslab->dirty_units & ~superslab_guard_units(superslab));
}

bool superslab_unguard(struct superslab *superslab)
{
    if (likely(!superslab->guarded))
        return true;
    if (!vm_unguard_bounded(guard_address(superslab), UNIT_BYTES))
        return false;
    superslab->free_units |= superslab_guard_units(superslab);
    superslab->guarded = false;
    return true;
}

/* ---- spans */

bool superslabs_are_clean(struct span span)
{
    for (size_t i = 0; i < span.count; i++)
        if (superslab_at(span.first + i)->dirty_units)
            return false;
    return true;
}

size_t superslabs_clean_units(struct span span)
{
    size_t clean = 0;
    for (size_t i = 0; i < span.count; i++)
        clean += SUPERSLAB_UNITS - bit_count(superslab_at(span.first + i)->dirty_units);
    return clean;
}

void superslabs_set_dirty(struct span span, uint32_t units)
{
    for (size_t i = 0; i < span.count; i++)
        superslab_set_dirty(superslab_at(span.first + i), units);
}
