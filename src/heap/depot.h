/* depot.h - blocks on their way between threads.
 *
 * A thread that frees another heap's block pushes it on its magazine of that class (no atomic
 * operation). A full magazine goes to the depot, a shard of it by processor, where the next refill of
 * that class anywhere takes it: blocks move between threads untouched. When the shard has enough of the
 * class, the blocks are published to their slabs instead. */
#ifndef HAKMEM_HEAP_DEPOT_H
#define HAKMEM_HEAP_DEPOT_H

#include "heap/heap.h"

struct magazine {
    struct magazine *next; /* [lock: depot] */
    uint32_t count;        /* [owner], then [lock: depot] */
    uint16_t capacity;     /* likewise: blocks that make it full */
    uint16_t size_class;   /* likewise */
    void *blocks[MAGAZINE_BLOCKS];
};

struct depot_bin {
    struct magazine *full;  /* [lock: depot] */
    _Atomic uint32_t count; /* [lock: depot] to write */
    uint32_t unused;        /* [lock: depot] fewest that were there since the last depot_age */
};

struct depot_shard {
    _Alignas(CACHE_LINE) struct lock lock;
    struct magazine *_Atomic empty; /* [lock: depot] to write */
    _Atomic size_t bytes;           /* [lock: depot] to write; of the blocks in full magazines */
    struct depot_bin bins[SIZE_CLASSES];
};

/* Where a class has no magazine yet; and when one is full. */
void depot_free_remote_first(struct heap *heap, unsigned size_class, void *block) HIDDEN;
void depot_pass_on(struct heap *heap, unsigned size_class) HIDDEN;

/* Returns a block whose unit has this tag, of another heap, towards its owner. heap: the caller's. */
static inline void depot_free_remote(struct heap *heap, uint32_t tag, void *block)
{
    unsigned size_class = tag & (TAG_OWNED - 1);
    struct magazine *magazine = heap_has_slabs(heap) ? heap_bins(heap)->magazines[size_class] : NULL;
    if (unlikely(!magazine)) {
        depot_free_remote_first(heap, size_class, block);
        return;
    }
    uint32_t blocks = magazine->count;
    magazine->blocks[blocks++] = block;
    magazine->count = blocks;
    if (unlikely(blocks == magazine->capacity))
        depot_pass_on(heap, size_class);
}

/* Takes up to `most` blocks of a class from the depot to *slot, *(slot - 1), …; returns how many. */
unsigned depot_take(struct heap *heap, unsigned size_class, void **slot, unsigned most) HIDDEN;

/* Publishes what lies in the heap's own magazines, leaving them empty. */
void depot_flush_magazines(struct heap *heap) HIDDEN;

/* Publishes what lies in the depot. */
void depot_drain(struct heap *heap) HIDDEN;

/* Publishes the magazines that nobody needed since the last call. */
void depot_age(struct heap *heap) HIDDEN;

/* Of the blocks in the depot. */
size_t depot_bytes(void) HIDDEN;

/* Returns blocks, of one class but of any owners, straight to their slabs. The caller holds no lock. */
void depot_publish(struct heap *heap, unsigned size_class, void **blocks, unsigned count_of_blocks) HIDDEN;

/* Makes the depot ready, once, in cells of its own: the process gets a second heap. False when there is
 * no memory; blocks are then published straight away. Under the registry's lock. */
bool depot_open(void) HIDDEN;

/* Calls visit for each magazine in the depot, under its shard's lock. */
void depot_visit(void (*visit)(const struct magazine *magazine, void *argument), void *argument) HIDDEN;

/* For fork: every shard. */
void depot_fork_prepare(void) HIDDEN;
void depot_fork_parent(void) HIDDEN;
void depot_fork_child(void) HIDDEN;

#endif
