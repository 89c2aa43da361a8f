/* guard_slots.h - the record of guarded slots, for the files of guard.h. */
#ifndef HAKMEM_HEAP_GUARD_SLOTS_H
#define HAKMEM_HEAP_GUARD_SLOTS_H

#include <stdatomic.h>

#include "base/config.h"
#include "os/stack.h"

enum {
    GUARD_SMALL_SLOTS = 48, /* of one page */
    GUARD_LARGE_SLOTS = 16, /* of GUARD_LARGE_BYTES, or two pages if those are more */
    GUARD_SLOTS = GUARD_SMALL_SLOTS + GUARD_LARGE_SLOTS,
    GUARD_LARGE_BYTES = 60 * 1024,
    GUARD_CHUNK_UNITS = 4, /* units that slots are cut from, with a guard before, between and behind */
    GUARD_CHUNK_BYTES = GUARD_CHUNK_UNITS * UNIT_BYTES,
};
static_assert((int)GUARD_CHUNK_UNITS <= (int)SUPERSLAB_UNITS, "a chunk fits in a SuperSlab");

enum guard_state {
    GUARD_NONE,     /* no memory yet */
    GUARD_READY,    /* never used */
    GUARD_CHANGING, /* between the other states; its pages are being changed, without the lock */
    GUARD_LIVE,
    GUARD_FREED, /* in quarantine */
};

/* Who did something to a block, and where. */
struct guard_event {
    int thread;
    struct stack stack;
};

/* Written under the lock, or by who has it CHANGING; read by anybody, the fault handler above all, which
 * takes no lock: what it prints of a slot that changes meanwhile may be of two blocks. */
struct guard_slot {
    _Atomic uintptr_t memory; /* [const] once there is some: its first byte */
    size_t memory_bytes;      /* [const] */
    _Atomic enum guard_state state;
    bool clean;            /* its pages were given back when it was guarded last */
    _Atomic bool breached; /* a page of it, or a guard beside it, was made accessible after a fault */
    uintptr_t block;
    size_t size; /* what was asked for */
    size_t align;
    unsigned how;
    uint64_t freed_at; /* number of this free */
    struct guard_event made, freed;
};

extern struct guard_slot guard_slots[GUARD_SLOTS] HIDDEN;

/* Places for blocks of size zero (guard_empty.h): a unit of them. */
enum { GUARD_PLACES = UNIT_BYTES / BLOCK_ALIGN };

struct guard_places {
    _Atomic uintptr_t memory;                /* [const] once there is some */
    unsigned live, cursor;                   /* [lock: guard] */
    _Atomic unsigned char how[GUARD_PLACES]; /* [lock: guard] to write */
};

/* The slot whose memory holds the address; NULL: it lies in a guard, or is not ours. */
struct guard_slot *guard_slot_of(uintptr_t address) HIDDEN;

/* The slot whose memory ends at the guard that holds the address, or begins behind it; NULL: none. */
struct guard_slot *guard_slot_before(uintptr_t address) HIDDEN;
struct guard_slot *guard_slot_behind(uintptr_t address) HIDDEN;

/* Bytes of a slot: of one page, or of several. */
size_t guard_slot_bytes(bool large) HIDDEN;

/* A slot for a new block, CHANGING: one that was never used, or the one freed first. NULL: all are in use, or
 * no memory. */
struct guard_slot *guard_take_slot(bool large) HIDDEN;

/* The pages that the slot's block lies on: no others of it are accessible while it lives. */
struct guard_pages {
    uintptr_t start;
    size_t bytes;
};
struct guard_pages guard_pages_of(const struct guard_slot *slot) HIDDEN;

/* Makes the pages of the block that the slot is to hold accessible and zero; false: the kernel will not. */
bool guard_open_slot(struct guard_slot *slot) HIDDEN;

/* Gives them back, and makes them inaccessible. */
void guard_close_slot(struct guard_slot *slot) HIDDEN;

void guard_lock(void) HIDDEN;
void guard_unlock(void) HIDDEN;
void guard_set_state(struct guard_slot *slot, enum guard_state state) HIDDEN;

static inline enum guard_state guard_state(const struct guard_slot *slot)
{
    return atomic_load_explicit(&slot->state, memory_order_acquire);
}

/* Bytes that are a block's: a block of size 0 has one. */
static inline size_t guard_usable_bytes(const struct guard_slot *slot)
{
    return slot->size + !slot->size;
}

/* Catches faults in guarded memory from now on: guard_fault.c. */
void guard_catch_faults(void) HIDDEN;

/* ---- guard_report.c */

/* A stack, and those of the block's allocation and free. */
void guard_print_event(const char *what, const struct guard_event *event) HIDDEN COLD;
void guard_print_history(const struct guard_slot *slot) HIDDEN COLD;

/* The calling thread, and the stack that stack_take takes. */
void guard_note_event(struct guard_event *event, uintptr_t from, uintptr_t frame) HIDDEN;

#endif
