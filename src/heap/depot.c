#include "heap/depot.h"

#include <sched.h>

#include "base/check.h"
#include "heap/arena.h"
#include "heap/misuse.h"
#include "heap/registry.h"
#include "heap/scavenger.h"
#include "region/image.h"

static struct depot_shard *_Atomic shards; /* DEPOT_SHARDS of them, or NULL before depot_open */

static struct depot_shard *shards_or_null(void)
{
    return atomic_load_explicit(&shards, memory_order_acquire);
}

static unsigned own_shard(void)
{
    int cpu = sched_getcpu();
    return cpu < 0 ? 0 : (unsigned)cpu % DEPOT_SHARDS;
}

/* At least two: a magazine's first block is put in without looking whether that makes it full. */
static unsigned magazine_capacity(unsigned size_class)
{
    size_t by_bytes = MAGAZINE_MAX_BYTES / registry_crowding() / class_size(size_class);
    return (unsigned)size_max(2, size_min(MAGAZINE_BLOCKS, by_bytes));
}

static size_t magazine_bytes(const struct magazine *magazine)
{
    return magazine->count * class_size(magazine->size_class);
}

/* Whether a shard has room for another magazine; [lock: depot]. */
static bool shard_has_room(const struct depot_shard *shard, const struct magazine *magazine)
{
    size_t of_class = DEPOT_CLASS_BYTES / size_max(1, magazine_bytes(magazine));
    return shard->bins[magazine->size_class].count < size_max(2, of_class) &&
           shard->bytes < DEPOT_SHARD_BYTES;
}

/* A magazine more, or less; [lock: depot]. */
static void count_magazines(struct depot_shard *shard, const struct magazine *magazine, int more)
{
    struct depot_bin *bin = &shard->bins[magazine->size_class];
    size_t bytes = magazine_bytes(magazine);
    atomic_store_explicit(&shard->bytes, more > 0 ? shard->bytes + bytes : shard->bytes - bytes,
                          memory_order_relaxed);
    atomic_store_explicit(&bin->count, bin->count + (uint32_t)more, memory_order_relaxed);
    if (bin->count < bin->unused)
        bin->unused = bin->count;
}

static void describe(const struct depot_shard *first)
{
    struct image_header *image = region_image();
    image->depot_shard_bytes = sizeof *first;
    image->depot_shards = DEPOT_SHARDS;
    image->depot = (uintptr_t)first;
}

bool depot_open(void)
{
    if (shards_or_null())
        return true;
    size_t cells = (DEPOT_SHARDS * sizeof(struct depot_shard) + CELL_BYTES - 1) / CELL_BYTES;
    size_t first = region_take_cells(cells);
    if (first == SIZE_MAX)
        return false;
    struct depot_shard *opened = region_cell(first + cells - 1);
    describe(opened);
    atomic_store_explicit(&shards, opened, memory_order_release);
    return true;
}

/* ---- publishing */

/* No remote map could be had for this slab: its heap's own map, then, under its lock. */
static COLD void put_under_lock(const struct slab_cursor *p)
{
    struct heap *owner = heap_of_number(p->slab->owner);
    slab_link released = 0;
    heap_lock(owner);
    uint64_t twice = bin_put(owner, p->slab, p->word, p->mask, &released);
    heap_unlock(owner);
    bin_give_released(owner, released);
    if (unlikely(twice))
        misuse_double_free_in_slab(p->slab, p->word, twice);
}

/* Under the publishing heap's own lock, which fork takes: a child must not get a word whose bits are set
 * and whose summary is not, since nobody would ever push that slab (models/remote_free.pml). */
static void publish_locked(const struct slab_cursor *p)
{
    uint64_t twice;
    if (remote_publish_word(p->slab, p->word, p->mask, &twice))
        remote_push(&heap_of_number(p->slab->owner)->inbox, p->slab);
    if (unlikely(twice))
        misuse_double_free_in_slab(p->slab, p->word, twice);
}

/* Publishes what the cursor has gathered; the heap's lock is held, and still is afterwards. */
static void publish(struct heap *heap, struct slab_cursor *p)
{
    if (likely(p->mask && remote_is_ready(p->slab))) {
        publish_locked(p);
    } else if (p->mask) {
        heap_unlock(heap);
        put_under_lock(p);
        heap_lock(heap);
    }
    p->mask = 0;
}

/* A word to the scavenger now and then: the heaps that these blocks belong to may be asleep. */
static void note_published(struct heap *heap, unsigned size_class, unsigned blocks)
{
    uint64_t before = atomic_load_explicit(&heap->stats.published_bytes, memory_order_relaxed);
    count(&heap->stats.published_blocks, blocks);
    count(&heap->stats.published_bytes, blocks * class_size(size_class));
    if (before / POKE_STEP_BYTES != heap->stats.published_bytes / POKE_STEP_BYTES)
        scavenger_poke();
}

void depot_publish(struct heap *heap, unsigned size_class, void **blocks, unsigned count_of_blocks)
{
    struct slab_cursor cursor = {0};
    if (!count_of_blocks)
        return;
    heap_lock(heap);
    for (unsigned i = 0; i < count_of_blocks; i++) {
        unsigned index;
        if (!slab_cursor_holds(&cursor, blocks[i])) {
            uint32_t tag = region_tag(region_unit_of(blocks[i]));
            publish(heap, &cursor);
            if (unlikely(tag < TAG_OWNED || tag % TAG_OWNED != size_class)) { /* its slab is gone meanwhile */
                misuse_double_free(blocks[i]);
                continue;
            }
            slab_cursor_enter(&cursor, blocks[i]);
        }
        if (unlikely(!slab_cursor_find(&cursor, blocks[i], &index) ||
                     cursor.slab->size_class != size_class)) {
            misuse_inside_slab("free", blocks[i]);
            continue;
        }
        if (!slab_cursor_gather(&cursor, index)) {
            publish(heap, &cursor);
            slab_cursor_gather(&cursor, index);
        }
    }
    publish(heap, &cursor);
    heap_unlock(heap);
    note_published(heap, size_class, count_of_blocks);
}

/* ---- magazines in and out of a shard */

static struct magazine *take_full(struct depot_shard *shard, unsigned size_class)
{
    struct depot_bin *bin = &shard->bins[size_class];
    if (atomic_load_explicit(&bin->count, memory_order_relaxed) == 0)
        return NULL;
    lock_acquire(&shard->lock, LOCK_DEPOT);
    struct magazine *magazine = bin->full;
    if (magazine) {
        bin->full = magazine->next;
        count_magazines(shard, magazine, -1);
    }
    lock_release(&shard->lock, LOCK_DEPOT);
    return magazine;
}

/* False when the shard has enough of the class. */
static bool put_full(struct depot_shard *shard, struct magazine *magazine)
{
    struct depot_bin *bin = &shard->bins[magazine->size_class];
    lock_acquire(&shard->lock, LOCK_DEPOT);
    bool room = shard_has_room(shard, magazine);
    if (room) {
        magazine->next = bin->full;
        bin->full = magazine;
        count_magazines(shard, magazine, 1);
    }
    lock_release(&shard->lock, LOCK_DEPOT);
    return room;
}

/* An empty magazine from whichever shard has one, `own` first: threads that free and threads that
 * allocate may each keep to a processor of their own. */
static struct magazine *take_empty(struct depot_shard *all, unsigned own)
{
    struct magazine *magazine = NULL;
    for (unsigned i = 0; !magazine && i < DEPOT_SHARDS; i++) {
        struct depot_shard *shard = &all[(own + i) % DEPOT_SHARDS];
        if (!atomic_load_explicit(&shard->empty, memory_order_relaxed))
            continue;
        lock_acquire(&shard->lock, LOCK_DEPOT);
        magazine = atomic_load_explicit(&shard->empty, memory_order_relaxed);
        if (magazine)
            atomic_store_explicit(&shard->empty, magazine->next, memory_order_relaxed);
        lock_release(&shard->lock, LOCK_DEPOT);
    }
    return magazine;
}

static void put_empty(struct depot_shard *shard, struct magazine *magazine)
{
    lock_acquire(&shard->lock, LOCK_DEPOT);
    magazine->next = atomic_load_explicit(&shard->empty, memory_order_relaxed);
    atomic_store_explicit(&shard->empty, magazine, memory_order_relaxed);
    lock_release(&shard->lock, LOCK_DEPOT);
}

/* A full magazine is dealt with; returns an empty one for its place, or NULL. */
static struct magazine *hand_over(struct heap *heap, struct magazine *magazine)
{
    struct depot_shard *all = shards_or_null();
    unsigned own = own_shard();
    if (all && put_full(&all[own], magazine)) {
        count(&heap->stats.depot_puts, 1);
        return take_empty(all, own);
    }
    depot_publish(heap, magazine->size_class, magazine->blocks, magazine->count);
    magazine->count = 0;
    return magazine;
}

/* An empty magazine of the class in its place; NULL: no memory. */
static struct magazine *new_magazine(struct heap *heap, unsigned size_class, struct magazine *empty)
{
    if (!empty)
        empty = arena_take(heap, sizeof *empty);
    if (empty) {
        empty->count = 0;
        empty->capacity = (uint16_t)magazine_capacity(size_class);
        empty->size_class = (uint16_t)size_class;
    }
    return heap_bins(heap)->magazines[size_class] = empty;
}

/* A heap too young for magazines, or no memory for one. */
static COLD void free_one(struct heap *heap, unsigned size_class, void *block)
{
    count(&heap->stats.remote_frees, 1);
    heap_note_slow_event(heap);
    depot_publish(heap, size_class, &block, 1);
}

NOINLINE void depot_free_remote_first(struct heap *heap, unsigned size_class, void *block)
{
    struct magazine *magazine = heap->busy ? new_magazine(heap, size_class, NULL) : NULL;
    if (!magazine)
        free_one(heap, size_class, block);
    else
        magazine->blocks[magazine->count++] = block;
}

NOINLINE void depot_pass_on(struct heap *heap, unsigned size_class)
{
    struct magazine *magazine = heap_bins(heap)->magazines[size_class];
    count(&heap->stats.remote_frees, magazine->count);
    new_magazine(heap, size_class, hand_over(heap, magazine));
}

unsigned depot_take(struct heap *heap, unsigned size_class, void **slot, unsigned most)
{
    struct depot_shard *all = shards_or_null();
    if (!all)
        return 0;
    unsigned own = own_shard();
    struct magazine *magazine = NULL;
    for (unsigned i = 0; !magazine && i < DEPOT_SHARDS; i++)
        magazine = take_full(&all[(own + i) % DEPOT_SHARDS], size_class);
    if (!magazine) {
        count(&heap->stats.depot_misses, 1);
        return 0;
    }
    count(&heap->stats.depot_hits, 1);
    unsigned taken = (unsigned)size_min(magazine->count, most);
    for (unsigned i = 0; i < taken; i++) {
        void *block = magazine->blocks[--magazine->count];
        __builtin_prefetch(block, 1);
        *slot-- = block;
    }
    depot_publish(heap, size_class, magazine->blocks, magazine->count);
    magazine->count = 0;
    put_empty(&all[own], magazine);
    return taken;
}

void depot_flush_magazines(struct heap *heap)
{
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        struct magazine *magazine = heap_bins(heap)->magazines[c];
        if (magazine && magazine->count) {
            depot_publish(heap, c, magazine->blocks, magazine->count);
            magazine->count = 0;
        }
    }
}

/* Publishes up to `most` magazines of a class. */
static void drain_bin(struct heap *heap, struct depot_shard *shard, unsigned size_class, uint32_t most)
{
    for (struct magazine *magazine; most-- > 0 && (magazine = take_full(shard, size_class)) != NULL;) {
        depot_publish(heap, size_class, magazine->blocks, magazine->count);
        magazine->count = 0;
        put_empty(shard, magazine);
    }
}

void depot_drain(struct heap *heap)
{
    struct depot_shard *all = shards_or_null();
    for (unsigned i = 0; all && i < DEPOT_SHARDS; i++)
        for (unsigned c = 0; c < SIZE_CLASSES; c++)
            drain_bin(heap, &all[i], c, UINT32_MAX);
}

/* How many magazines nobody needed since the last time; the next time begins. */
static uint32_t take_unused(struct depot_shard *shard, unsigned size_class)
{
    struct depot_bin *bin = &shard->bins[size_class];
    lock_acquire(&shard->lock, LOCK_DEPOT);
    uint32_t unused = bin->unused;
    bin->unused = bin->count - unused;
    lock_release(&shard->lock, LOCK_DEPOT);
    return unused;
}

void depot_age(struct heap *heap)
{
    struct depot_shard *all = shards_or_null();
    for (unsigned i = 0; all && i < DEPOT_SHARDS; i++) {
        if (atomic_load_explicit(&all[i].bytes, memory_order_relaxed) == 0)
            continue;
        for (unsigned c = 0; c < SIZE_CLASSES; c++)
            drain_bin(heap, &all[i], c, take_unused(&all[i], c));
    }
}

size_t depot_bytes(void)
{
    struct depot_shard *all = shards_or_null();
    size_t bytes = 0;
    for (unsigned i = 0; all && i < DEPOT_SHARDS; i++)
        bytes += atomic_load_explicit(&all[i].bytes, memory_order_relaxed);
    return bytes;
}

void depot_visit(void (*visit)(const struct magazine *magazine, void *argument), void *argument)
{
    struct depot_shard *all = shards_or_null();
    for (unsigned i = 0; all && i < DEPOT_SHARDS; i++) {
        lock_acquire(&all[i].lock, LOCK_DEPOT);
        for (unsigned c = 0; c < SIZE_CLASSES; c++)
            for (struct magazine *at = all[i].bins[c].full; at; at = at->next)
                visit(at, argument);
        lock_release(&all[i].lock, LOCK_DEPOT);
    }
}

void depot_fork_prepare(void)
{
    struct depot_shard *all = shards_or_null();
    for (unsigned i = 0; all && i < DEPOT_SHARDS; i++)
        lock_fork_acquire(&all[i].lock);
}

void depot_fork_parent(void)
{
    struct depot_shard *all = shards_or_null();
    for (unsigned i = 0; all && i < DEPOT_SHARDS; i++)
        lock_fork_release(&all[i].lock);
}

void depot_fork_child(void)
{
    struct depot_shard *all = shards_or_null();
    for (unsigned i = 0; all && i < DEPOT_SHARDS; i++)
        lock_fork_reset(&all[i].lock);
}
