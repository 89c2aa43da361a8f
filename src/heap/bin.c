#include "base/check.h"
#include "heap/heap.h"
#include "heap/misuse.h"
#include "heap/scavenger.h"
#include "os/vm.h"
#include "pool/pool.h"

enum { LOWEST_TRIES = 4 };

static struct bin *bin_of(struct heap *heap, unsigned size_class)
{
    return &heap_bins(heap)->bins[size_class];
}

static unsigned fullness_of(const struct slab *slab)
{
    return (unsigned)(slab->free_blocks * FULLNESS_LISTS) / (slab->blocks + 1u);
}

/* ---- how much is free */

static size_t page_bytes_of(uint64_t pages)
{
    return bit_count(pages) * vm_page_bytes();
}

/* Holes hold memory again, or are part of a unit that is free. */
static void forget_holes(struct heap *heap, uint64_t pages)
{
    size_t bytes = page_bytes_of(pages);
    if (likely(!bytes))
        return;
    heap->purged_bytes -= bytes;
    pool_remove_holes(bytes);
}

/* Pages without a live block that hold no memory. */
static void note_holes(struct heap *heap, struct slab *slab, uint64_t pages)
{
    size_t bytes = page_bytes_of(pages);
    slab->purged_pages |= pages;
    slab->has_purged = true;
    heap->purged_bytes += bytes;
    pool_add_holes(bytes);
}

static void note_taken(struct heap *heap, const struct slab *slab, size_t blocks, uint64_t purged_before)
{
    heap->free_bytes -= blocks * class_size(slab->size_class);
    if (heap->free_bytes + POKE_STEP_BYTES < heap->poke_at_bytes)
        heap->poke_at_bytes = heap->free_bytes + POKE_STEP_BYTES;
    if (unlikely(purged_before))
        forget_holes(heap, purged_before & ~slab->purged_pages);
}

static void note_put(struct heap *heap, const struct slab *slab, size_t blocks)
{
    heap->free_bytes += blocks * class_size(slab->size_class);
}

size_t bin_free_bytes(struct heap *heap)
{
    heap_lock(heap);
    size_t bytes = size_minus(heap->free_bytes, heap->purged_bytes);
    heap_unlock(heap);
    return bytes;
}

/* ---- changes of state, each from what it says to what it says */

static void slab_full_to_partial(struct bin *bin, struct slab *slab)
{
    unsigned fullness = fullness_of(slab);
    slab->state = SLAB_PARTIAL;
    slab->fullness = fullness & 15;
    slab->prev = 0;
    slab->next = bin->partial[fullness];
    if (slab->next)
        slab_from_link(slab->next)->prev = slab_to_link(slab);
    bin->partial[fullness] = slab_to_link(slab);
}

static void slab_partial_to_full(struct bin *bin, struct slab *slab)
{
    CHECK(slab->state == SLAB_PARTIAL);
    if (slab->next)
        slab_from_link(slab->next)->prev = slab->prev;
    if (slab->prev)
        slab_from_link(slab->prev)->next = slab->next;
    else
        bin->partial[slab->fullness] = slab->next;
    slab->state = SLAB_FULL;
}

static void slab_full_to_current(struct bin *bin, struct slab *slab)
{
    CHECK(!bin->current);
    slab->state = SLAB_CURRENT;
    bin->current = slab_to_link(slab);
}

static void slab_current_to_full(struct bin *bin, struct slab *slab)
{
    CHECK(bin->current == slab_to_link(slab));
    slab->state = SLAB_FULL;
    bin->current = 0;
}

static void tag_slab(const struct slab *slab, uint32_t tag)
{
    for (unsigned i = 0; i < size_classes[slab->size_class].slab_units; i++)
        region_tag_set(slab->unit + i, tag);
}

/* The slab, in no list, goes to those that the caller will give to the pool. Its tags go now: under a heap's
 * lock a unit with the heap's tag is the heap's. */
static void slab_full_to_released(struct heap *heap, struct slab *slab, slab_link *released)
{
    CHECK(slab_is_empty(slab));
    heap->free_bytes -= (size_t)slab->blocks * class_size(slab->size_class);
    forget_holes(heap, slab->purged_pages);
    slab->state = SLAB_NONE;
    tag_slab(slab, TAG_NONE);
    slab->next = *released;
    *released = slab_to_link(slab);
}

/* ---- taking */

/* Of the fullest partial slabs the one with the lowest address, among the first few. */
static struct slab *fullest_partial(struct bin *bin)
{
    for (unsigned f = 0; f < FULLNESS_LISTS; f++) {
        struct slab *lowest = slab_from_link(bin->partial[f]);
        struct slab *at = lowest;
        for (int i = 1; at && i < LOWEST_TRIES; i++) {
            at = slab_from_link(at->next);
            if (at && at->unit < lowest->unit)
                lowest = at;
        }
        if (lowest)
            return lowest;
    }
    return NULL;
}

/* The slab to take from: the current one, unless it is empty while a partial one is there. */
static struct slab *slab_to_take_from(struct heap *heap, struct bin *bin, slab_link *released)
{
    struct slab *current = slab_from_link(bin->current);
    if (current && !slab_is_empty(current))
        return current;
    struct slab *partial = fullest_partial(bin);
    if (!partial)
        return current;
    if (current) {
        slab_current_to_full(bin, current);
        slab_full_to_released(heap, current, released);
    }
    slab_partial_to_full(bin, partial);
    slab_full_to_current(bin, partial);
    return partial;
}

unsigned bin_take(struct heap *heap, unsigned size_class, void **slot, unsigned want, slab_link *released)
{
    struct bin *bin = bin_of(heap, size_class);
    unsigned got = 0;
    while (got < want) {
        struct slab *slab = slab_to_take_from(heap, bin, released);
        if (!slab)
            break;
        uint64_t purged_before = slab->has_purged ? slab->purged_pages : 0;
        unsigned taken = slab_take(slab, slot - got, want - got);
        note_taken(heap, slab, taken, purged_before);
        got += taken;
        if (slab->free_blocks == 0)
            slab_current_to_full(bin, slab);
    }
    return got;
}

/* After `taken` blocks of a slab, the current one or a partial one, were taken. */
static unsigned taken_from(struct heap *heap, struct bin *bin, struct slab *slab, unsigned taken,
                           uint64_t purged_before)
{
    note_taken(heap, slab, taken, purged_before);
    if (taken == 0 || slab->free_blocks > 0)
        return taken;
    if (slab->state == SLAB_CURRENT)
        slab_current_to_full(bin, slab);
    else
        slab_partial_to_full(bin, slab);
    return taken;
}

unsigned bin_lend(struct heap *heap, unsigned size_class, void **slot, unsigned want)
{
    struct bin *bin = bin_of(heap, size_class);
    struct slab *slab = fullest_partial(bin);
    if (!slab)
        return 0;
    uint64_t purged_before = slab->purged_pages;
    return taken_from(heap, bin, slab, slab_take(slab, slot, want), purged_before);
}

static unsigned take_group(struct heap *heap, struct bin *bin, struct slab *slab, void **slot, unsigned group)
{
    uint64_t purged_before = slab->purged_pages;
    return taken_from(heap, bin, slab, slab_take_group(slab, slot, group), purged_before);
}

unsigned bin_take_group(struct heap *heap, unsigned size_class, void **slot, unsigned group)
{
    struct bin *bin = bin_of(heap, size_class);
    struct slab *current = slab_from_link(bin->current);
    unsigned got = current ? take_group(heap, bin, current, slot, group) : 0;
    for (unsigned f = FULLNESS_LISTS; !got && f-- > 0;)
        if (bin->partial[f])
            got = take_group(heap, bin, slab_from_link(bin->partial[f]), slot, group);
    return got;
}

/* ---- putting back */

uint64_t bin_put(struct heap *heap, struct slab *slab, unsigned word, uint64_t mask, slab_link *released)
{
    struct bin *bin = bin_of(heap, slab->size_class);
    unsigned before = slab->free_blocks;
    uint64_t twice = slab_put(slab, word, mask);
    note_put(heap, slab, slab->free_blocks - before);
    if (slab->state == SLAB_CURRENT)
        return twice;
    if (slab->state == SLAB_PARTIAL) {
        if (slab->fullness == fullness_of(slab) && !slab_is_empty(slab))
            return twice;
        slab_partial_to_full(bin, slab);
    }
    if (slab_is_empty(slab))
        slab_full_to_released(heap, slab, released);
    else
        slab_full_to_partial(bin, slab);
    return twice;
}

static void collect_slab(struct heap *heap, struct slab *slab, slab_link *released)
{
    uint64_t blocks = 0, size = class_size(slab->size_class);
    CHECK(slab->owner == heap->number);
    for (uint64_t words = remote_take_summary(slab); words; words &= words - 1) {
        unsigned w = bit_lowest(words);
        uint64_t mask = remote_take_word(slab, w);
        uint64_t twice = slab_words(slab)[w] & mask;
        if (unlikely(twice)) {
            misuse_double_free_in_slab(slab, w, twice);
            mask &= ~twice;
        }
        blocks += bit_count(mask | twice);
        if (words & (words - 1)) { /* the last word decides what becomes of the slab */
            slab_put(slab, w, mask);
            note_put(heap, slab, bit_count(mask));
        } else {
            bin_put(heap, slab, w, mask, released);
        }
    }
    count(&heap->stats.collected_blocks, blocks);
    count(&heap->stats.collected_bytes, blocks * size);
}

/* The slabs taken stay in the order of the inbox, linked as they were there: while their summaries are set
 * nobody pushes them again. */
bool bin_collect(struct heap *heap, size_t most, slab_link *released)
{
    slab_link at = heap->uncollected;
    for (; most > 0; most--) {
        if (!at && !inbox_is_empty(&heap->inbox))
            at = inbox_take(&heap->inbox);
        if (!at)
            break;
        struct slab *slab = slab_from_link(at);
        at = remote_next(slab);
        collect_slab(heap, slab, released);
    }
    __atomic_store_n(&heap->uncollected, at, __ATOMIC_RELAXED);
    return at != 0;
}

void bin_release_idle(struct heap *heap, unsigned passes, slab_link *released)
{
    for (unsigned c = 0; heap->free_bytes && c < SIZE_CLASSES; c++) {
        struct slab *current = slab_from_link(bin_of(heap, c)->current);
        if (current && slab_is_empty(current) && current->quiet >= passes) {
            slab_current_to_full(bin_of(heap, c), current);
            slab_full_to_released(heap, current, released);
        }
    }
}

/* ---- holes */

uint64_t bin_reserve_holes(struct heap *heap, struct slab *slab)
{
    unsigned page_log2 = bit_lowest(vm_page_bytes()), before = slab->free_blocks;
    uint64_t pages = slab_holes(slab, page_log2);
    if (!pages)
        return 0;
    slab_reserve_pages(slab, pages, page_log2);
    heap->free_bytes -= (before - slab->free_blocks) * class_size(slab->size_class);
    if (slab->free_blocks == 0 && slab->state == SLAB_CURRENT)
        slab_current_to_full(bin_of(heap, slab->size_class), slab);
    else if (slab->free_blocks == 0)
        slab_partial_to_full(bin_of(heap, slab->size_class), slab);
    return pages;
}

void bin_return_holes(struct heap *heap, struct slab *slab, uint64_t pages, bool purged, slab_link *released)
{
    uint64_t map[64];
    slab_blocks_of_pages(slab, pages, bit_lowest(vm_page_bytes()), map);
    if (purged)
        note_holes(heap, slab, pages);
    for (unsigned w = 0, words = size_classes[slab->size_class].slab_words; w < words; w++) {
        uint64_t twice = map[w] ? bin_put(heap, slab, w, map[w], released) : 0;
        if (unlikely(twice))
            misuse_double_free_in_slab(slab, w, twice);
    }
}

/* ---- slabs from and to the pool */

bool bin_add_slab(struct heap *heap, unsigned size_class)
{
    bool clean;
    size_t unit = pool_take_units(SUPERSLAB_SLABS, size_classes[size_class].slab_units, 1, &clean);
    if (unit == POOL_NO_UNIT)
        return false;
    heap_lock(heap);
    struct bin *bin = bin_of(heap, size_class);
    struct slab *slab = slab_create(unit, size_class, heap->number);
    note_put(heap, slab, slab->blocks);
    if (clean)
        note_holes(heap, slab, slab_used_pages(slab, bit_lowest(vm_page_bytes())));
    tag_slab(slab, heap->tag | size_class);
    if (bin->current)
        slab_full_to_partial(bin, slab);
    else
        slab_full_to_current(bin, slab);
    count(&heap->stats.slabs_new, 1);
    heap_unlock(heap);
    scavenger_watch();
    return true;
}

void bin_give_released(struct heap *heap, slab_link released)
{
    while (released) {
        struct slab *slab = slab_from_link(released);
        size_t unit = slab->unit, units = size_classes[slab->size_class].slab_units;
        released = slab->next;
        pool_give_units(unit, units);
        atomic_fetch_add_explicit(&heap->stats.slabs_released, 1, memory_order_relaxed);
    }
}

/* ---- checking */

static void validate_list(struct heap *heap, unsigned size_class, unsigned fullness)
{
    slab_link before = 0;
    for (slab_link at = bin_of(heap, size_class)->partial[fullness]; at; at = slab_from_link(at)->next) {
        struct slab *slab = slab_from_link(at);
        CHECK(slab->state == SLAB_PARTIAL && slab->fullness == fullness && slab->prev == before);
        CHECK(slab->owner == heap->number && slab->size_class == size_class);
        CHECK(slab->free_blocks > 0);
        before = at;
    }
}

static void validate_units(struct heap *heap)
{
    size_t free_bytes = 0, purged_bytes = 0;
    for (size_t unit = 0; unit < region_units(); unit++) {
        uint32_t tag = region_tag(unit);
        if (tag < TAG_OWNED || tag >> TAG_OWNER_LOG2 != heap->number)
            continue;
        struct slab *slab = slab_of_unit(unit);
        slab_validate(slab);
        CHECK(slab->state == SLAB_FULL || slab->state == SLAB_CURRENT || slab->state == SLAB_PARTIAL);
        CHECK(slab->state != SLAB_FULL || slab->free_blocks == 0);
        if (slab->unit == unit) {
            free_bytes += slab->free_blocks * class_size(slab->size_class);
            purged_bytes += page_bytes_of(slab->purged_pages);
        }
    }
    CHECK(heap->free_bytes == free_bytes && heap->purged_bytes == purged_bytes);
}

void bin_validate(struct heap *heap)
{
    heap_lock(heap);
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        struct slab *current = slab_from_link(bin_of(heap, c)->current);
        CHECK(!current ||
              (current->state == SLAB_CURRENT && current->size_class == c && current->free_blocks));
        for (unsigned f = 0; f < FULLNESS_LISTS; f++)
            validate_list(heap, c, f);
    }
    validate_units(heap);
    heap_unlock(heap);
}
