#include "heap/fastcache.h"

#include <string.h>

#include "base/check.h"
#include "heap/arena.h"
#include "heap/audit.h"
#include "heap/depot.h"
#include "heap/misuse.h"
#include "heap/registry.h"
#include "heap/scavenger.h"
#include "heap/thrift.h"
#include "os/clock.h"
#include "pool/pool.h"

void *const fastcache_none;

/* ---- capacity */

static unsigned power_below(size_t x)
{
    return 1u << bit_highest(size_max(x, 1));
}

static unsigned capacity_max(unsigned size_class)
{
    size_t over = registry_crowding();
    size_t bytes = size_max(FASTCACHE_MAX_BYTES / over, FASTCACHE_LEAST_BYTES);
    size_t blocks = size_max(size_max(FASTCACHE_MIN_BLOCKS / over, 2), bytes / class_size(size_class));
    return power_below(size_min(blocks, OPTION_VALUE(fc_cap)));
}

static unsigned capacity_first(const struct heap *heap, unsigned size_class)
{
    size_t wanted = heap->busy ? FASTCACHE_START_BLOCKS : FASTCACHE_YOUNG_BLOCKS;
    return power_below(size_min(wanted, capacity_max(size_class)));
}

static uint64_t *refilled_word(struct heap *heap, unsigned size_class)
{
    return &heap->refilled[size_class / 64];
}

static bool was_refilled(struct heap *heap, unsigned size_class)
{
    return (*refilled_word(heap, size_class) >> (size_class % 64)) & 1;
}

static void set_refilled(struct heap *heap, unsigned size_class, bool refilled)
{
    uint64_t bit = UINT64_C(1) << (size_class % 64);
    uint64_t *word = refilled_word(heap, size_class);
    *word = refilled ? *word | bit : *word & ~bit;
}

/* Gives the class a stack of another capacity with the same blocks on it; false: it keeps the old one. */
static bool set_capacity(struct heap *heap, unsigned size_class, unsigned capacity)
{
    void **old = fastcache_bottom(heap, size_class);
    size_t blocks = fastcache_blocks(heap, size_class);
    unsigned old_capacity = heap->capacity[size_class];
    void **bottom = arena_take_stack(heap, capacity);
    if (!bottom)
        return false;
    memcpy(bottom + 1, old + 1, blocks * sizeof *bottom);
    heap->top[size_class] = bottom + blocks;
    heap->limit[size_class] = bottom + capacity;
    heap->capacity[size_class] = (uint16_t)capacity;
    if (old_capacity)
        arena_give_stack(heap, old, old_capacity);
    return true;
}

static bool grow(struct heap *heap, unsigned size_class)
{
    unsigned capacity = heap->capacity[size_class];
    return capacity < capacity_max(size_class) && set_capacity(heap, size_class, 2 * capacity);
}

static bool has_stack(struct heap *heap, unsigned size_class)
{
    if (likely(heap->capacity[size_class]))
        return true;
    audit_classes(heap);
    return set_capacity(heap, size_class, capacity_first(heap, size_class));
}

/* ---- the ladder of a refill: each takes blocks of the class to *slot, *(slot - 1), … */

/* collect: takes in what others freed, as far as it takes to find blocks of the class. */
static unsigned take_local(struct heap *heap, unsigned size_class, void **slot, unsigned want, bool collect)
{
    slab_link released = 0;
    unsigned got;
    bool more;
    heap_lock(heap);
    do {
        more = collect && bin_collect(heap, COLLECT_STEP_SLABS, &released);
        got = bin_take(heap, size_class, slot, want, &released);
    } while (!got && more);
    heap_unlock(heap);
    bin_give_released(heap, released);
    return got;
}

/* From a heap without a thread: its blocks stay its own, and return to it like any other's. */
static unsigned take_parked(unsigned size_class, void **slot, unsigned want)
{
    struct heap *parked = registry_some_parked();
    return parked ? take_local(parked, size_class, slot, want, true) : 0;
}

/* In steps: the lender's own thread may want the lock. */
static unsigned take_lent(struct heap *lender, unsigned size_class, void **slot, unsigned want)
{
    unsigned got = 0;
    bool more = true;
    for (int step = 0; !got && more && step < LENDING_STEPS; step++) {
        slab_link released = 0;
        heap_lock(lender);
        got = bin_lend(lender, size_class, slot, want);
        if (!got) {
            more = bin_collect(lender, COLLECT_STEP_SLABS, &released);
            got = bin_lend(lender, size_class, slot, want);
        }
        heap_unlock(lender);
        bin_give_released(lender, released);
    }
    return got;
}

/* From a heap that has not looked yet at what others freed to it, before there is new memory: that costs less
 * while the process is small. */
static unsigned take_waiting(unsigned size_class, void **slot, unsigned want)
{
    if (pool_resident_bytes() < LENDING_LEAST_BYTES)
        return 0;
    struct heap *lender = registry_lender();
    unsigned got = lender ? take_lent(lender, size_class, slot, want) : 0;
    if (!got && (lender = registry_next_lender()))
        got = take_lent(lender, size_class, slot, want);
    return got;
}

static unsigned take_new_slab(struct heap *heap, unsigned size_class, void **slot, unsigned want)
{
    return bin_add_slab(heap, size_class) ? take_local(heap, size_class, slot, want, false) : 0;
}

static unsigned take_busy(struct heap *heap, unsigned size_class, void **slot, unsigned want)
{
    bool front_direct = OPTION_VALUE(front_direct);
    unsigned got = front_direct ? 0 : depot_take(heap, size_class, slot, want);
    if (!got)
        got = take_local(heap, size_class, slot, want, false);
    if (!got && front_direct)
        got = depot_take(heap, size_class, slot, want);
    if (!got && bin_has_uncollected(heap))
        got = take_local(heap, size_class, slot, want, true);
    if (!got)
        got = take_parked(size_class, slot, want);
    if (!got)
        got = take_waiting(size_class, slot, want);
    return got ? got : take_new_slab(heap, size_class, slot, want);
}

/* What a young heap borrows at once: the fewest blocks that fill whole cache lines, so that two threads
 * share none (unless HAKMEM_FC_CAP leaves no room for as many). */
static unsigned young_group(unsigned size_class, unsigned want)
{
    size_t size = class_size(size_class);
    size_t aligned_to = size & (0 - size);
    return power_below(size_min(size_max(1, CACHE_LINE / aligned_to), want));
}

static unsigned take_young(struct heap *commons, unsigned size_class, void **slot, unsigned want)
{
    unsigned group = young_group(size_class, want);
    slab_link released = 0;
    heap_lock(commons);
    unsigned got = bin_take_group(commons, size_class, slot, group);
    if (!got && bin_has_uncollected(commons)) {
        bin_collect(commons, SIZE_MAX, &released);
        got = bin_take_group(commons, size_class, slot, group);
    }
    heap_unlock(commons);
    bin_give_released(commons, released);
    while (!got && bin_add_slab(commons, size_class)) { /* others may take all of it first */
        heap_lock(commons);
        got = bin_take_group(commons, size_class, slot, group);
        heap_unlock(commons);
    }
    return got;
}

static unsigned take_blocks(struct heap *heap, unsigned size_class, void **slot, unsigned want)
{
    struct heap *commons = registry_commons();
    if (likely(heap->busy) || !commons)
        return take_busy(heap, size_class, slot, want);
    unsigned got = heap_has_slabs(heap) ? take_local(heap, size_class, slot, want, true) : 0;
    return got ? got : take_young(commons, size_class, slot, want);
}

/* ---- flush */

/* Puts what the cursor has gathered back into its slab; [lock: heap]. */
static void put_gathered(struct heap *heap, struct slab_cursor *cursor, slab_link *released)
{
    if (!cursor->mask)
        return;
    uint64_t twice = bin_put(heap, cursor->slab, cursor->word, cursor->mask, released);
    if (unlikely(twice))
        misuse_double_free_in_slab(cursor->slab, cursor->word, twice);
    cursor->mask = 0;
}

/* Puts the heap's own blocks of one class back, and moves the others to the front of the array; returns
 * how many those are. [lock: heap] */
static unsigned put_own(struct heap *heap, unsigned size_class, void **blocks, size_t n, slab_link *released)
{
    struct slab_cursor cursor = {0};
    unsigned foreign = 0;
    for (size_t i = 0; i < n; i++) {
        void *block = blocks[i];
        unsigned index;
        if (!slab_cursor_holds(&cursor, block)) {
            if (unlikely(region_tag(region_unit_of(block)) != (heap->tag | size_class))) {
                blocks[foreign++] = block;
                continue;
            }
            put_gathered(heap, &cursor, released);
            slab_cursor_enter(&cursor, block);
        }
        if (unlikely(!slab_cursor_find(&cursor, block, &index))) {
            misuse_inside_slab("free", block);
            continue;
        }
        if (!slab_cursor_gather(&cursor, index)) {
            put_gathered(heap, &cursor, released);
            slab_cursor_gather(&cursor, index);
        }
    }
    put_gathered(heap, &cursor, released);
    return foreign;
}

/* Whether the scavenger should hear how much is free in the heap's slabs; [lock: heap]. */
static bool is_worth_a_poke(struct heap *heap)
{
    if (likely(heap->free_bytes < heap->poke_at_bytes))
        return false;
    heap->poke_at_bytes = heap->free_bytes + size_max(POKE_STEP_BYTES, heap->free_bytes / 8);
    return true;
}

/* Returns blocks of one class to the slabs: the heap's own under one lock, others' behind it. */
static void return_blocks(struct heap *heap, unsigned size_class, void **blocks, size_t n)
{
    slab_link released = 0;
    heap_lock(heap);
    unsigned foreign = put_own(heap, size_class, blocks, n, &released);
    bool poke = is_worth_a_poke(heap);
    heap_unlock(heap);
    bin_give_released(heap, released);
    count(&heap->stats.flush_blocks, n);
    depot_publish(heap, size_class, blocks, foreign);
    if (unlikely(poke))
        scavenger_poke();
}

/* Takes the oldest `out` blocks out. */
static void take_out(struct heap *heap, unsigned size_class, size_t out)
{
    void **bottom = fastcache_bottom(heap, size_class);
    size_t blocks = fastcache_blocks(heap, size_class);
    count(&heap->stats.flushes, 1);
    return_blocks(heap, size_class, bottom + 1, out);
    memmove(bottom + 1, bottom + 1 + out, (blocks - out) * sizeof *bottom);
    heap->top[size_class] = bottom + blocks - out;
    set_refilled(heap, size_class, false);
}

enum {
    FEW_BLOCKS = 4,       /* that an overflow takes out of a cache which is merely full: */
    FEW_OVERFLOWS = 24,   /* in a row, without a refill between them, it has had so many at most */
    MANY_OVERFLOWS = 200, /* in a row, of a class that is given up */
};

/* Whether so much was freed, and nothing allocated meanwhile, that the program is giving the class up: each
 * block in the cache may be the only one that keeps its page. */
static bool is_shrinking(const struct heap *heap, unsigned size_class)
{
    return heap->overflows[size_class] == MANY_OVERFLOWS;
}

/* How many of the blocks of a full cache go: a few, so that no single free pays for many; in a long row of
 * overflows then twice as many each time, up to the older half; of one that shrinks most. */
static size_t overflow_blocks(const struct heap *heap, unsigned size_class, size_t blocks)
{
    unsigned before = heap->overflows[size_class];
    size_t half = blocks - blocks / 2;
    if (is_shrinking(heap, size_class))
        return blocks - blocks / 8;
    unsigned doublings = before > FEW_OVERFLOWS ? before - FEW_OVERFLOWS : 0;
    return size_min((size_t)FEW_BLOCKS << size_min(doublings, STACK_SIZES), half);
}

static unsigned capacity_now(const struct heap *heap, unsigned size_class)
{
    unsigned most = capacity_max(size_class);
    return is_shrinking(heap, size_class) && most > FASTCACHE_START_BLOCKS ? FASTCACHE_START_BLOCKS : most;
}

/* Makes room: the oldest blocks, and half of what fits where the stack is larger than it may be by now. */
static void overflow(struct heap *heap, unsigned size_class)
{
    unsigned capacity = capacity_now(heap, size_class);
    size_t blocks = fastcache_blocks(heap, size_class);
    bool shrinks = unlikely(heap->capacity[size_class] > capacity);
    take_out(heap, size_class, shrinks ? blocks - capacity / 2 : overflow_blocks(heap, size_class, blocks));
    if (shrinks)
        set_capacity(heap, size_class, capacity);
    if (!is_shrinking(heap, size_class))
        heap->overflows[size_class]++;
}

/* ---- decay */

/* Empties the caches of classes that had no miss for a decay: what they hold is for times gone by. */
static COLD void drop_unused(struct heap *heap)
{
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        bool missed = (heap->missed[c / 64] >> (c % 64)) & 1;
        size_t blocks = missed ? 0 : fastcache_blocks(heap, c);
        if (blocks)
            take_out(heap, c, blocks);
    }
    heap->missed[0] = heap->missed[1] = 0;
}

/* A refill or flush of the class. True once in FASTCACHE_DECAY_MISSES. */
static bool note_miss(struct heap *heap, unsigned size_class)
{
    heap->missed[size_class / 64] |= UINT64_C(1) << (size_class % 64);
    if (likely(++heap->misses < FASTCACHE_DECAY_MISSES))
        return false;
    heap->misses = 0;
    uint64_t now = clock_coarse_ms();
    if (now - heap->decayed_ms >= OPTION_VALUE(decay_ms)) {
        heap->decayed_ms = now;
        drop_unused(heap);
    }
    return true;
}

/* ---- refill */

/* Blocks that a refill brings: HAKMEM_FC_REFILL at first, half of the cache once that is more. */
static unsigned batch(const struct heap *heap, unsigned size_class)
{
    unsigned capacity = heap->capacity[size_class];
    return (unsigned)size_min(size_max(OPTION_VALUE(fc_refill), capacity / 2), capacity);
}

void *fastcache_refill(struct heap *heap, unsigned size_class)
{
    void *single;
    heap_note_slow_event(heap);
    if (unlikely(note_miss(heap, size_class)))
        audit_classes(heap);
    count(&heap->stats.refills, 1);
    if (unlikely(!has_stack(heap, size_class)))
        return take_blocks(heap, size_class, &single, 1) ? single : NULL;
    if (was_refilled(heap, size_class) && heap->busy)
        grow(heap, size_class);
    set_refilled(heap, size_class, true);
    heap->overflows[size_class] = 0;

    thrift_watch(heap, 0);
    unsigned want = batch(heap, size_class);
    void **bottom = fastcache_bottom(heap, size_class);
    unsigned got = take_blocks(heap, size_class, bottom + want, want);
    if (unlikely(!got))
        return NULL;
    if (got < want)
        memmove(bottom + 1, bottom + 1 + want - got, got * sizeof *bottom);
    heap->top[size_class] = bottom + got - 1;
    count(&heap->stats.refill_blocks, got);
    return bottom[got];
}

/* ---- overflow */

static bool is_full(const struct heap *heap, unsigned size_class)
{
    return heap->top[size_class] == heap->limit[size_class];
}

/* The oldest blocks are to go, into slabs that were not looked at for long. Their tags and their slabs'
 * records, each that of the block's unit or of one before it, are on their way while the rest is looked at.
 */
static void expect_overflow(const struct heap *heap, unsigned size_class)
{
    void *const *block = fastcache_bottom(heap, size_class) + 1;
    for (size_t left = size_min(FEW_BLOCKS, heap->capacity[size_class]); left > 0; left--, block++) {
        size_t unit = region_unit_of(*block);
        __builtin_prefetch(&region.tag[unit]);
        for (unsigned i = 0; i < size_classes[size_class].slab_units; i++)
            __builtin_prefetch(region_slab_record(size_minus(unit, i)), 1);
    }
}

static bool make_room(struct heap *heap, unsigned size_class)
{
    note_miss(heap, size_class);
    if (unlikely(!has_stack(heap, size_class)))
        return false;
    if (!is_full(heap, size_class))
        return true;
    if (was_refilled(heap, size_class) && grow(heap, size_class))
        set_refilled(heap, size_class, false);
    else
        overflow(heap, size_class);
    return true;
}

void fastcache_push_full(struct heap *heap, unsigned size_class, void *block)
{
    if (is_full(heap, size_class))
        expect_overflow(heap, size_class);
    if (unlikely(!audit_push(heap, size_class, block)))
        return;
    if (likely(make_room(heap, size_class)))
        *++heap->top[size_class] = block;
    else
        return_blocks(heap, size_class, &block, 1);
}

void fastcache_flush_all(struct heap *heap)
{
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        size_t blocks = fastcache_blocks(heap, c);
        if (!blocks)
            continue;
        void **bottom = fastcache_bottom(heap, c);
        heap->top[c] = bottom;
        return_blocks(heap, c, bottom + 1, blocks);
    }
}
