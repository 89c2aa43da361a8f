#include "heap/guard.h"

#include <string.h>
#include <sys/auxv.h>

#include "base/bits.h"
#include "heap/guard_empty.h"
#include "heap/guard_slots.h"
#include "heap/misuse.h"
#include "os/clock.h"
#include "os/vm.h"

enum {
    RED_BYTES = 128, /* of pattern, at most, before and behind a block */
    RED_BYTE = 0xb5,
};

static uint64_t frees; /* [lock: guard] */
static _Atomic bool started;
static _Atomic uint64_t random_state;

/* ---- whose turn it is. The generator is Steele, Lea and Flood's SplitMix64. */

static uint64_t draw(void)
{
    uint64_t z = atomic_fetch_add_explicit(&random_state, UINT64_C(0x9e3779b97f4a7c15), memory_order_relaxed);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void guard_start(void)
{
    stack_start();
    const uint64_t *seed = (const uint64_t *)getauxval(AT_RANDOM);
    atomic_store_explicit(&random_state, (seed ? seed[1] : 0) ^ clock_coarse_ms() ^ (uintptr_t)&seed,
                          memory_order_relaxed);
    atomic_store_explicit(&started, true, memory_order_release);
}

/* 1 to 2 rate - 1, rate in the mean: no pattern of the program's meets it always or never. */
static uint32_t draw_interval(uint32_t rate)
{
    return 1 + (uint32_t)(draw() % (2 * (uint64_t)rate - 1));
}

enum { LOOK_AGAIN = 1 << 20 }; /* slow calls; the rate may be set while the program runs */

/* Sets the heap's count, which was 1 or 0, anew; true: it is its turn. One that never had a count draws it
 * now. */
static bool take_turn(struct heap *heap)
{
    bool counted = heap->until_guarded == 0;
    uint32_t rate = OPTION_VALUE(guard_rate);
    if (!atomic_load_explicit(&started, memory_order_acquire) || rate == 0) {
        heap->until_guarded = rate ? 0 : LOOK_AGAIN;
        return false;
    }
    heap->until_guarded = draw_interval(rate);
    return counted || --heap->until_guarded == 0;
}

/* ---- reports */

/* Behind its line: what is known of the block. */
static COLD void end_report(const struct guard_slot *slot)
{
    if (slot)
        guard_print_history(slot);
    misuse_end();
}

/* ---- the pattern */

struct red {
    unsigned char *start;
    size_t bytes;
};

static struct red red_before(const struct guard_slot *slot)
{
    size_t bytes = size_min(slot->block - guard_pages_of(slot).start, RED_BYTES);
    return (struct red){(unsigned char *)slot->block - bytes, bytes};
}

static struct red red_behind(const struct guard_slot *slot)
{
    struct guard_pages pages = guard_pages_of(slot);
    uintptr_t end = slot->block + guard_usable_bytes(slot);
    return (struct red){(unsigned char *)end, size_min(pages.start + pages.bytes - end, RED_BYTES)};
}

static void paint(struct red red)
{
    memset(red.start, RED_BYTE, red.bytes);
}

/* By how many bytes the block was overrun: to the last byte that is not as it was; `down`: to the first. */
static size_t overrun(struct red red, bool down)
{
    for (size_t i = 0; i < red.bytes; i++)
        if (red.start[down ? i : red.bytes - 1 - i] != RED_BYTE)
            return red.bytes - i;
    return 0;
}

static void check_red(const struct guard_slot *slot)
{
    size_t behind = overrun(red_behind(slot), false), before = overrun(red_before(slot), true);
    if (!behind && !before)
        return;
    const char *what = behind ? "overflow" : "underflow",
               *where = behind ? "beyond the end" : "before the start";
    size_t by = behind ? behind : before;
    if (misuse_begin("%s by %zu byte%s: written %s of the block at %p (%zu bytes), found when it was freed",
                     what, by, by == 1 ? "" : "s", where, (void *)slot->block, slot->size))
        end_report(slot);
}

/* ---- malloc */

static uintptr_t place(const struct guard_slot *slot, size_t size, size_t align)
{
    if (draw() & 1)
        return slot->memory;
    return align_down(slot->memory + slot->memory_bytes - size_max(size, 1), size_max(align, BLOCK_ALIGN));
}

static void *fill_slot(struct guard_slot *slot, size_t size, size_t align, unsigned how,
                       const struct guard_event *made)
{
    slot->block = place(slot, size, align);
    slot->size = size;
    slot->align = align;
    slot->how = how;
    slot->made = *made;
    slot->freed.thread = 0;
    slot->freed.stack.depth = 0;
    bool opened = guard_open_slot(slot);
    if (opened) {
        paint(red_before(slot));
        paint(red_behind(slot));
    }
    guard_set_state(slot, opened ? GUARD_LIVE : GUARD_FREED);
    return opened ? (void *)slot->block : NULL;
}

void *guard_malloc(struct heap *heap, size_t size, size_t align, unsigned how, const void *from)
{
    void *block = NULL;
    struct guard_event made;
    if (!take_turn(heap) || size > guard_slot_bytes(true) || align > vm_page_bytes())
        return NULL;
    thread_enter();
    struct guard_slot *slot = guard_take_slot(size > vm_page_bytes());
    if (slot) {
        guard_note_event(&made, (uintptr_t)from, (uintptr_t)&made);
        block = fill_slot(slot, size, align, how, &made);
    }
    thread_leave(heap);
    return block;
}

/* ---- free */

/* An alignment that every block has is as good as none. */
static size_t alignment(size_t align)
{
    return align > BLOCK_ALIGN ? align : 1;
}

static bool has_wrong_alignment(const struct guard_slot *slot, const struct claim *claim)
{
    bool said = (claim->how & HOW_KIND) != HOW_MALLOC || (claim->how & HOW_SIZED);
    return said && alignment(claim->align) != alignment(slot->align);
}

/* Harmless here, and common where programs and libraries have different C++ runtimes: said once, and never
 * the reason for an abort. */
static COLD void tell_of_kind(const struct guard_slot *slot, const struct claim *claim)
{
    static _Atomic bool told;
    if (!atomic_exchange_explicit(&told, true, memory_order_relaxed) &&
        misuse_begin("%s of %p which %s made (%zu bytes): the program goes on",
                     claim_call(claim->how & HOW_KIND), (void *)slot->block,
                     claim_maker(slot->how & HOW_KIND), slot->size))
        guard_print_history(slot);
}

/* The block is freed all the same: it is the right one. */
static void check_claim(const struct guard_slot *slot, const struct claim *claim)
{
    const char *call = claim_call(claim->how & HOW_KIND);
    bool reported;
    if (claim->how & HOW_UNKNOWN)
        return;
    if ((claim->how & HOW_KIND) != (slot->how & HOW_KIND)) {
        tell_of_kind(slot, claim);
        return;
    }
    if ((claim->how & HOW_SIZED) && claim->size != slot->size)
        reported = misuse_begin("%s of %p with a size of %zu bytes, but it was made with %zu", call,
                                (void *)slot->block, claim->size, slot->size);
    else if (has_wrong_alignment(slot, claim))
        reported = misuse_begin(
            "%s of %p with an alignment of %zu bytes, but it was made with %zu (%zu bytes)", call,
            (void *)slot->block, alignment(claim->align), alignment(slot->align), slot->size);
    else
        return;
    if (reported)
        end_report(slot);
}

/* p is not a live block. [lock: guard], or where a race would be the program's. */
static COLD void report_pointer(const char *call, const void *p, const struct guard_slot *slot)
{
    bool reported, freed = slot && guard_state(slot) != GUARD_LIVE && slot->freed.thread;
    bool within = slot && slot->size && (uintptr_t)p - slot->block < guard_usable_bytes(slot);
    if (freed && (uintptr_t)p == slot->block)
        reported = strcmp(call, "free") == 0
                       ? misuse_begin("double free of %p (%zu-byte block)", p, slot->size)
                       : misuse_begin("%s of %p which is free already (%zu bytes)", call, p, slot->size);
    else if (freed)
        reported = misuse_begin("%s of %p which is free (offset %d to a block at %p, %zu bytes)", call, p,
                                (int)((uintptr_t)p - slot->block), (void *)slot->block, slot->size);
    else if (within)
        reported = misuse_begin("%s of %p which lies inside the block at %p (%zu bytes, offset %zu)", call, p,
                                (void *)slot->block, slot->size, (size_t)((uintptr_t)p - slot->block));
    else
        reported = misuse_begin("%s of %p which is not a block of HAKMEM (it lies beside a guarded one)",
                                call, p);
    if (reported)
        end_report(slot);
}

/* A slot CHANGING: its block is live, and nobody else frees it now. */
static struct guard_slot *claim_slot(void *p)
{
    struct guard_slot *slot = guard_slot_of((uintptr_t)p);
    guard_lock();
    bool live = slot && guard_state(slot) == GUARD_LIVE && slot->block == (uintptr_t)p;
    if (live)
        guard_set_state(slot, GUARD_CHANGING);
    guard_unlock();
    if (!live)
        report_pointer("free", p, slot);
    return live ? slot : NULL;
}

void guard_free(void *p, const struct claim *claim, const void *from)
{
    if (guard_empty_owns(p)) {
        guard_empty_free(p, claim);
        return;
    }
    struct guard_slot *slot = claim_slot(p);
    if (!slot)
        return;
    check_claim(slot, claim);
    check_red(slot);
    guard_note_event(&slot->freed, (uintptr_t)from, (uintptr_t)&slot);
    guard_close_slot(slot);
    guard_lock();
    slot->freed_at = ++frees;
    guard_set_state(slot, GUARD_FREED);
    guard_unlock();
}

/* ---- questions */

size_t guard_usable_size(const char *call, const void *p)
{
    if (guard_empty_owns(p)) {
        if (call && !guard_empty_is_live(p))
            guard_empty_report(call, p);
        return 0;
    }
    const struct guard_slot *slot = guard_slot_of((uintptr_t)p);
    if (slot && guard_state(slot) == GUARD_LIVE && slot->block == (uintptr_t)p)
        return guard_usable_bytes(slot);
    if (call)
        report_pointer(call, p, slot);
    return 0;
}

/* Slots of a unit follow each other in the table as they do in it. */
bool guard_visit(size_t unit, bool (*visit)(uintptr_t block, size_t bytes, void *argument), void *argument)
{
    for (unsigned i = 0; i < GUARD_SLOTS; i++) {
        const struct guard_slot *slot = &guard_slots[i];
        if (guard_state(slot) == GUARD_LIVE && region_unit_of((void *)slot->block) == unit &&
            !visit(slot->block, guard_usable_bytes(slot), argument))
            return false;
    }
    for (uintptr_t block = 0; (block = guard_empty_next(unit, block)) != 0;)
        if (!visit(block, 0, argument))
            return false;
    return true;
}
