/* heap.h - what one thread owns: its FastCaches, its slabs, its remote magazines.
 *
 * A heap lies in a cell of the region (8 KiB; heap number n in cell n - 1) and is never freed: when its
 * thread ends it is parked, and a later thread adopts it. The number is the owner in tags.
 *
 * Who may touch what: fields marked [owner] only by the heap's thread (by whoever adopts it, once it is
 * parked); [lock] by anybody who holds heap->lock, the thread included; [counter] written by the thread
 * or under the lock, read by anybody.
 *
 * Invariants:
 *     top[c] points at the top block of class c's FastCache, or at its slot 0, which holds NULL
 *     limit[c] == bottom + capacity[c]; without a stack top[c] == limit[c] == &fastcache_none
 *     a block in a FastCache, a magazine or the depot counts as taken in its slab's map
 *     a slab is FULL, in no list; or its bin's current; or PARTIAL, in the list of its fullness
 */
#ifndef HAKMEM_HEAP_HEAP_H
#define HAKMEM_HEAP_HEAP_H

#include "os/lock.h"
#include "slab/remote.h"
#include "slab/slab.h"

enum {
    FULLNESS_LISTS = 4, /* partial slabs by quarters, the fullest first */
    STACK_SIZES = 14,   /* of FastCaches: 2^0 .. 2^13 blocks */
};

struct magazine;

/* The slabs of one size class in one heap; [lock]. */
struct bin {
    slab_link current;
    slab_link partial[FULLNESS_LISTS];
};

/* Counted on slow paths only. */
struct heap_stats {
    _Atomic uint64_t mallocs, malloc_hits, frees, free_hits; /* only while the gate counts */
    _Atomic uint64_t refills, refill_blocks, flushes, flush_blocks;
    _Atomic uint64_t remote_frees, depot_puts, depot_hits, depot_misses;
    _Atomic uint64_t published_blocks, collected_blocks;
    _Atomic uint64_t published_bytes, collected_bytes;
    _Atomic uint64_t slabs_new, slabs_released;
    _Atomic uint64_t adoptions;
};

struct heap {
    void **top[SIZE_CLASSES];                /* [owner] */
    void **limit[SIZE_CLASSES];              /* [owner] */
    uint8_t class_of[SMALL_TABLE_BYTES + 3]; /* [const] a copy of small_class_table */
    uint32_t tag;                            /* [const] owner << 8: a block of ours has tag + class */

    uint16_t capacity[SIZE_CLASSES]; /* [owner] blocks that a class's stack holds */
    uint64_t refilled[2];            /* [owner] a bit for each class refilled since its last flush */
    uint64_t missed[2];              /* [owner] a bit for each class refilled or flushed in this decay */
    uint8_t overflows[SIZE_CLASSES]; /* [owner] overflows in a row, without a refill between them */
    uint64_t decayed_ms;             /* [owner] when the decay began */
    uint32_t misses;                 /* [owner] refills and flushes since the clock was looked at */
    uint8_t audited;                 /* [owner] the class at which the last audit of several ended */
    uint32_t slow_events;            /* [owner] refills and remote frees, while young */
    uint32_t until_guarded;          /* [owner] slow calls until one is served guarded; 0: not drawn yet */
    bool busy;                       /* [owner] has done enough to have slabs of its own */
    _Atomic bool has_slabs;          /* [owner] to write, read by anybody: may have some, from now or from a
                                        thread before */
    bool moves;                      /* [owner] realloc takes a block to move another to */
    uint32_t number;                 /* [const] */
    char *arena_next, *arena_end;    /* [owner] memory for stacks and magazines */
    void *free_stacks[STACK_SIZES];  /* [owner] by the logarithm of their capacity */
    struct heap *next_parked;        /* [lock: registry] */
    struct heap *next_heap;          /* [const] of all heaps, newest first */
    _Atomic bool parked;             /* [lock: registry], read by anybody */
    struct heap_stats stats;         /* [counter] */
    uintptr_t thread; /* [owner] its thread pointer, for readers outside; 0: none; 1: gone in a fork */

    _Alignas(CACHE_LINE) struct inbox inbox; /* [atomic] */
    struct lock lock;
    slab_link uncollected; /* [lock] slabs taken from the inbox, not yet looked at */
    size_t free_bytes;     /* [lock] in free blocks of its slabs */
    size_t purged_bytes;   /* [lock] of these, in pages that were given back, or never used */
    size_t poke_at_bytes;  /* [lock] how many free ones are worth telling the scavenger of */
    size_t stuck_bytes;    /* [lock: scavenger] free after its last pass (thrift.h): on pages in use */

    _Alignas(CACHE_LINE) char arena_first[]; /* [owner] the rest of the first page */
};

/* The second page of a heap's cell: not touched by a thread that does little. */
struct heap_bins {
    struct bin bins[SIZE_CLASSES];                 /* [lock] */
    struct magazine *magazines[SIZE_CLASSES];      /* [owner] blocks of other heaps, on their way back */
    _Atomic uint32_t cached_runs[RUN_CACHE_UNITS]; /* a freed run of each length, its unit + 1; 0: none;
                                                      [owner] to put, anybody to take */
    uint32_t seen_runs[RUN_CACHE_UNITS];           /* [lock: scavenger] those found at its last pass */
    char arena_second[];                           /* [owner] */
};

enum { HEAP_BINS_OFFSET = 4096 };
static_assert(sizeof(struct heap) < HEAP_BINS_OFFSET, "the first page holds a heap and some stacks");
static_assert(sizeof(struct heap_bins) < CELL_BYTES - HEAP_BINS_OFFSET, "the second its bins");

static inline struct heap_bins *heap_bins(struct heap *heap)
{
    return (struct heap_bins *)((char *)heap + HEAP_BINS_OFFSET);
}

/* The heap of a number found in a tag or a slab. */
static inline struct heap *heap_of_number(uint32_t number)
{
    return region_cell(number - 1);
}

static inline void heap_lock(struct heap *heap)
{
    lock_acquire(&heap->lock, LOCK_HEAP);
}

static inline void heap_unlock(struct heap *heap)
{
    lock_release(&heap->lock, LOCK_HEAP);
}

/* Whether the heap may have slabs, runs and magazines of its own; the commons has slabs alone. Else its
 * second page was never touched, and is not to be. */
static inline bool heap_has_slabs(const struct heap *heap)
{
    return atomic_load_explicit(&heap->has_slabs, memory_order_relaxed);
}

/* It has done enough to have slabs of its own. [owner] */
static inline void heap_set_busy(struct heap *heap)
{
    heap->busy = true;
    atomic_store_explicit(&heap->has_slabs, true, memory_order_relaxed);
}

/* A refill or a remote free of a young heap: after enough of them it is busy. [owner] */
static inline void heap_note_slow_event(struct heap *heap)
{
    if (unlikely(!heap->busy) && ++heap->slow_events >= YOUNG_EVENTS)
        heap_set_busy(heap);
}

/* For counters that one thread writes at a time and any reads. */
static inline void count(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

/* ---- bin.c: a heap's slabs */

/* Takes up to `want` blocks of a class from the heap's slabs, fullest first, to *slot, *(slot - 1), …;
 * [lock]. An emptied slab that is not needed goes on *released. */
unsigned bin_take(struct heap *heap, unsigned size_class, void **slot, unsigned want,
                  slab_link *released) HIDDEN;

/* Takes blocks of a slab that the heap is not taking from itself, for another heap; [lock]. */
unsigned bin_lend(struct heap *heap, unsigned size_class, void **slot, unsigned want) HIDDEN;

/* Takes one wholly free group of blocks, aligned to itself: what a young heap borrows; [lock]. */
unsigned bin_take_group(struct heap *heap, unsigned size_class, void **slot, unsigned group) HIDDEN;

/* Frees the blocks of a word of a slab of the heap's; [lock]. Returns bits that were free already. */
uint64_t bin_put(struct heap *heap, struct slab *slab, unsigned word, uint64_t mask,
                 slab_link *released) HIDDEN;

/* Takes in what others published to the heap's slabs, to `most` of them; true when there may be more.
 * [lock] */
bool bin_collect(struct heap *heap, size_t most, slab_link *released) HIDDEN;

/* Whether there may be something to collect; any thread. */
static inline bool bin_has_uncollected(struct heap *heap)
{
    return !inbox_is_empty(&heap->inbox) || __atomic_load_n(&heap->uncollected, __ATOMIC_RELAXED);
}

/* Bytes free in the heap's slabs, in pages that may be resident; takes the lock. */
size_t bin_free_bytes(struct heap *heap) HIDDEN;

/* Lets go of current slabs that are empty, and quiet for so many passes (holes.h); [lock]. */
void bin_release_idle(struct heap *heap, unsigned passes, slab_link *released) HIDDEN;

/* Takes the blocks of the slab's holes out of the map, as if they were given out, and returns the holes
 * (slab_holes); [lock]. */
uint64_t bin_reserve_holes(struct heap *heap, struct slab *slab) HIDDEN;

/* Puts them back; `purged`: the pages were given back to the kernel; [lock]. */
void bin_return_holes(struct heap *heap, struct slab *slab, uint64_t pages, bool purged,
                      slab_link *released) HIDDEN;

/* Adds a fresh slab from the pool as the class's current one. Takes the lock itself; false when there is
 * no memory. */
bool bin_add_slab(struct heap *heap, unsigned size_class) HIDDEN;

/* Gives slabs that bin_take and kin released to the pool; without the lock. */
void bin_give_released(struct heap *heap, slab_link released) HIDDEN;

/* Debug: checks the bins of a heap; takes the lock. */
void bin_validate(struct heap *heap) HIDDEN;

#endif
