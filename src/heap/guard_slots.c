#include "heap/guard_slots.h"

#include <string.h>

#include "base/bits.h"
#include "heap/guard.h"
#include "os/vm.h"
#include "pool/pool.h"
#include "region/image.h"

enum { SPLITTING_SLOTS = 12, SPLITTING_LARGE_SLOTS = 4 }; /* where a live one costs two mappings */

struct guard_slot guard_slots[GUARD_SLOTS];

static struct lock lock;
static unsigned made_small; /* [lock: guard] slots that have memory: the first ones of their kind */
static unsigned made_large; /* [lock: guard] */
static bool cannot_make;    /* [lock: guard] memory was lost when they were made */

void guard_lock(void)
{
    lock_acquire(&lock, LOCK_GUARD);
}

void guard_unlock(void)
{
    lock_release(&lock, LOCK_GUARD);
}

void guard_fork_prepare(void)
{
    lock_fork_acquire(&lock);
}

void guard_fork_parent(void)
{
    lock_fork_release(&lock);
}

/* A slot that another thread was changing stays so in the child: there it is not used again. */
void guard_fork_child(void)
{
    lock_fork_reset(&lock);
}

void guard_set_state(struct guard_slot *slot, enum guard_state state)
{
    atomic_store_explicit(&slot->state, state, memory_order_release);
}

struct guard_slot *guard_slot_of(uintptr_t address)
{
    for (unsigned i = 0; i < GUARD_SLOTS; i++) {
        uintptr_t memory = atomic_load_explicit(&guard_slots[i].memory, memory_order_acquire);
        if (memory && address - memory < guard_slots[i].memory_bytes)
            return &guard_slots[i];
    }
    return NULL;
}

struct guard_slot *guard_slot_before(uintptr_t address)
{
    return guard_slot_of(address - vm_page_bytes());
}

struct guard_slot *guard_slot_behind(uintptr_t address)
{
    return guard_slot_of(address + vm_page_bytes());
}

size_t guard_slot_bytes(bool large)
{
    size_t page = vm_page_bytes();
    return !large ? page : page <= GUARD_LARGE_BYTES / 2 ? align_down(GUARD_LARGE_BYTES, page) : 2 * page;
}

static unsigned slots_wanted(bool large)
{
    if (vm_guards_split())
        return large ? SPLITTING_LARGE_SLOTS : SPLITTING_SLOTS;
    return large ? GUARD_LARGE_SLOTS : GUARD_SMALL_SLOTS;
}

static void cut_slots(uintptr_t chunk, bool large)
{
    size_t bytes = guard_slot_bytes(large), page = vm_page_bytes();
    uintptr_t end = chunk + GUARD_CHUNK_BYTES;
    unsigned *made = large ? &made_large : &made_small;
    struct guard_slot *first = large ? guard_slots + GUARD_SMALL_SLOTS : guard_slots;
    for (uintptr_t at = chunk + page; at + bytes + page <= end && *made < slots_wanted(large);
         at += bytes + page) {
        struct guard_slot *slot = &first[(*made)++];
        slot->memory_bytes = bytes;
        slot->clean = true;
        guard_set_state(slot, GUARD_READY);
        atomic_store_explicit(&slot->memory, at, memory_order_release);
    }
}

static void tag_chunk(size_t unit, uint32_t tag)
{
    for (size_t i = 0; i < GUARD_CHUNK_UNITS; i++)
        region_tag_set(unit + i, tag);
}

/* The kernel would not guard it: back to the pool, if it can be used as it is now. */
static void give_chunk(size_t unit)
{
    if (!vm_unguard(region_unit_address(unit), GUARD_CHUNK_BYTES)) {
        cannot_make = true;
        return;
    }
    tag_chunk(unit, TAG_NONE);
    pool_give_units(unit, GUARD_CHUNK_UNITS);
}

static void describe(void)
{
    struct image_header *image = region_image();
    image->guard_slot_bytes = sizeof guard_slots[0];
    image->guard_slots = GUARD_SLOTS;
    image->guard_first_slot = (uintptr_t)guard_slots;
}

/* [lock: guard] */
static void make_slots(bool large)
{
    bool clean;
    if (cannot_make || (large ? made_large : made_small) >= slots_wanted(large))
        return;
    size_t unit = pool_take_units(SUPERSLAB_SLABS, GUARD_CHUNK_UNITS, 1, &clean);
    if (unit == POOL_NO_UNIT)
        return;
    tag_chunk(unit, TAG_GUARDED);
    if (!vm_guard(region_unit_address(unit), GUARD_CHUNK_BYTES)) {
        give_chunk(unit);
        return;
    }
    vm_guard_apart(region_unit_address(unit), GUARD_CHUNK_BYTES);
    describe();
    cut_slots(region_unit_address(unit), large);
    guard_catch_faults();
}

/* A slot that was never used, or else the one freed first; [lock: guard]. */
static struct guard_slot *choose_slot(bool large)
{
    struct guard_slot *chosen = NULL, *first = large ? guard_slots + GUARD_SMALL_SLOTS : guard_slots;
    for (unsigned i = 0; i < (large ? made_large : made_small); i++) {
        struct guard_slot *slot = &first[i];
        if (guard_state(slot) == GUARD_READY)
            return slot;
        if (guard_state(slot) == GUARD_FREED && (!chosen || slot->freed_at < chosen->freed_at))
            chosen = slot;
    }
    return chosen;
}

struct guard_slot *guard_take_slot(bool large)
{
    guard_lock();
    struct guard_slot *slot = choose_slot(large);
    if (!slot || guard_state(slot) == GUARD_FREED) {
        make_slots(large);
        slot = choose_slot(large);
    }
    if (slot)
        guard_set_state(slot, GUARD_CHANGING);
    guard_unlock();
    return slot;
}

struct guard_pages guard_pages_of(const struct guard_slot *slot)
{
    size_t page = vm_page_bytes();
    uintptr_t start = align_down(slot->block, page);
    return (struct guard_pages){start, align_up(slot->block + guard_usable_bytes(slot), page) - start};
}

/* After a fault that was let through, all of the slot and the guards beside it. */
static bool guard_again(struct guard_slot *slot)
{
    size_t page = vm_page_bytes();
    if (!vm_guard(slot->memory - page, page) || !vm_guard(slot->memory + slot->memory_bytes, page))
        return false;
    slot->clean = vm_guard(slot->memory, slot->memory_bytes);
    atomic_store_explicit(&slot->breached, !slot->clean, memory_order_relaxed);
    return slot->clean;
}

bool guard_open_slot(struct guard_slot *slot)
{
    struct guard_pages pages = guard_pages_of(slot);
    if (atomic_load_explicit(&slot->breached, memory_order_relaxed) && !guard_again(slot))
        return false;
    if (!vm_unguard(pages.start, pages.bytes))
        return false;
    if (!slot->clean)
        memset((void *)pages.start, 0, pages.bytes);
    return true;
}

void guard_close_slot(struct guard_slot *slot)
{
    struct guard_pages pages = guard_pages_of(slot);
    slot->clean = vm_guard(pages.start, pages.bytes);
}
