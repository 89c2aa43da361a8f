/* guards.c - guarded blocks: from the records of their slots, and of the places for blocks of size zero. */
#include <stddef.h>
#include <stdlib.h>

#include "heap/guard_slots.h"
#include "reader/build.h"

enum { SLOTS_MOST = 4096, PLACES_MOST = 4096 };

static struct reader_run *guarded_unit(const struct build *build, uint64_t address)
{
    struct reader_run *run = (struct reader_run *)reader_find_run(build->snapshot, address);
    return run && run->guarded ? run : NULL;
}

/* ---- slots */

/* Whether the slot lies in guarded memory, and the block in it. */
static bool holds_together(const struct build *build, const struct guard_slot *slot, uint64_t memory)
{
    uint64_t at = slot->block - memory;
    return slot->memory_bytes > 0 && slot->memory_bytes <= GUARD_CHUNK_BYTES && guarded_unit(build, memory) &&
           guarded_unit(build, memory + slot->memory_bytes - 1) && slot->block >= memory &&
           at < slot->memory_bytes && slot->size <= slot->memory_bytes - at;
}

static void add_slot(struct build *build, const struct guard_slot *slot)
{
    struct reader_snapshot *snapshot = build->snapshot;
    uint64_t memory = *(const uintptr_t *)&slot->memory;
    int state = *(const int *)&slot->state;
    if (!memory || (state != GUARD_LIVE && state != GUARD_FREED))
        return;
    if (!holds_together(build, slot, memory)) {
        snapshot->skipped.records++;
        return;
    }
    snapshot->guarded[snapshot->guarded_count++] = (struct reader_guarded){
        .slot = memory,
        .block = slot->block,
        .slot_bytes = (uint32_t)slot->memory_bytes,
        .block_bytes = (uint32_t)guard_usable_bytes(slot),
        .live = state == GUARD_LIVE,
        .made_by = slot->made.thread,
        .freed_by = state == GUARD_LIVE ? 0 : slot->freed.thread,
    };
}

static int compare_slots(const void *a, const void *b)
{
    const struct reader_guarded *x = a, *y = b;
    return (x->slot > y->slot) - (x->slot < y->slot);
}

/* No two slots may share memory. */
static void settle_slots(struct reader_snapshot *snapshot)
{
    uint64_t above = 0;
    size_t kept = 0;
    qsort(snapshot->guarded, snapshot->guarded_count, sizeof *snapshot->guarded, compare_slots);
    for (size_t i = 0; i < snapshot->guarded_count; i++) {
        if (snapshot->guarded[i].slot < above) {
            snapshot->skipped.records++;
            continue;
        }
        above = snapshot->guarded[i].slot + snapshot->guarded[i].slot_bytes;
        snapshot->guarded[kept++] = snapshot->guarded[i];
    }
    snapshot->guarded_count = kept;
}

static bool build_slots(struct build *build)
{
    size_t count = build->image.guard_first_slot ? size_min(build->image.guard_slots, SLOTS_MOST) : 0;
    struct guard_slot *slots = build_take(build, count, sizeof *slots);
    build->snapshot->guarded = build_take(build, count, sizeof *build->snapshot->guarded);
    if (!slots || !build->snapshot->guarded)
        return false;
    if (count)
        build->snapshot->skipped.unreadable_bytes += source_read(build->reader, build->image.guard_first_slot,
                                                                 slots, count * sizeof *slots);
    for (size_t i = 0; i < count; i++)
        add_slot(build, &slots[i]);
    settle_slots(build->snapshot);
    return true;
}

/* ---- blocks of size zero */

/* What is read of a struct guard_places: where the unit is, and how many live there. */
struct places_head {
    uintptr_t memory;
    unsigned live;
};
_Static_assert(offsetof(struct guard_places, memory) == offsetof(struct places_head, memory) &&
                   offsetof(struct guard_places, live) == offsetof(struct places_head, live),
               "they begin alike");

static bool build_places(struct build *build)
{
    size_t count = build->image.guard_first_places ? size_min(build->image.guard_places, PLACES_MOST) : 0;
    struct places_head *heads = build_take(build, count, sizeof *heads);
    struct source_piece *pieces = build_take(build, count, sizeof *pieces);
    if (!heads || !pieces)
        return false;
    for (size_t i = 0; i < count; i++)
        pieces[i] = (struct source_piece){build->image.guard_first_places + i * sizeof(struct guard_places),
                                          &heads[i], sizeof heads[i]};
    build->snapshot->skipped.unreadable_bytes += source_read_many(build->reader, pieces, count);
    for (size_t i = 0; i < count; i++) {
        struct reader_run *run = guarded_unit(build, heads[i].memory);
        if (run)
            run->live_places = (uint16_t)size_min(heads[i].live, GUARD_PLACES);
    }
    return true;
}

bool build_guarded(struct build *build)
{
    return build_slots(build) && build_places(build);
}
