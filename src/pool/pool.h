/* pool.h - the shared pool: SuperSlabs with free units, the LRU of empty ones, and the cold rest.
 *
 * One SuperSlab serves all classes and all threads. Units used before go out first, those of the LRU
 * included; from the fullest SuperSlab that has room, lowest first. Runs and slabs have SuperSlabs of their
 * own where there is more than one. A SuperSlab whose last unit comes back goes to the LRU, and from there,
 * when the LRU is full (lru.c) or it has been there for the decay, its pages go to the kernel.
 *
 * Invariants:
 *     a unit's bit in free_units set  <=>  its tag is TAG_NONE (shared SuperSlabs)
 *     a shared SuperSlab is in bucket k of its use  <=>  it has k > 0 free units
 *
 * One lock (rank pool), which these functions take themselves. Pages are given back outside it; new windows
 * are mapped, and huge pages forbidden, under it. */
#ifndef HAKMEM_POOL_POOL_H
#define HAKMEM_POOL_POOL_H

#include "pool/span.h"

/* What pool_purge gives back. */
enum pool_purge {
    PURGE_LRU,  /* what is over the LRU's limits, in number or age */
    PURGE_AGED, /* and the free units of shared SuperSlabs in which nothing was freed for the decay */
    PURGE_FREE, /* the LRU but for what was prewarmed, and all free units but those of a SuperSlab that
                   another thread is purging */
    PURGE_ALL,  /* likewise, and what was prewarmed */
};

/* Called when much is retained, or the LRU is over its limits: true when the purging is taken care of. */
typedef bool pool_purger(size_t retained_bytes, bool over);

/* Counted under the pool's lock. */
struct pool_stats {
    uint64_t dirty_hits, clean; /* units served from memory used before, and not */
    uint64_t lru_hits, lru_misses, lru_evictions;
    size_t mapped, shared, huge, warm, cold; /* SuperSlabs now */
    size_t free_dirty_units;                 /* in shared SuperSlabs */
    size_t dirty_units;                      /* that may be resident, free or not */
    size_t holes_bytes;                      /* in these, inside slabs, that are not */
};

#define POOL_NO_UNIT SIZE_MAX

/* Takes `count` units in a row (at most SUPERSLAB_UNITS) at an address that is a multiple of `align`
 * units, for a run or for what stays. *clean: they read as zero. POOL_NO_UNIT when there is no memory. Tags
 * are the caller's. */
size_t pool_take_units(enum superslab_use use, size_t count, size_t align, bool *clean) HIDDEN;

/* The same from a SuperSlab of this use, of units all of which may be resident; else POOL_NO_UNIT. */
size_t pool_take_used_units(enum superslab_use use, size_t count, size_t align) HIDDEN;

/* Gives back units, whose tags the caller has set to TAG_NONE. */
void pool_give_units(size_t unit, size_t count) HIDDEN;

/* Whether so many units, a run's or a huge block's, would not come from memory that may be resident. */
bool pool_must_grow(size_t units) HIDDEN;

/* Bytes of payload that may be resident; any thread. */
size_t pool_resident_bytes(void) HIDDEN;

/* So many bytes inside slabs were given back; or are in use again, or no longer inside a slab; any thread. */
void pool_add_holes(size_t bytes) HIDDEN;
void pool_remove_holes(size_t bytes) HIDDEN;

/* Takes the units behind a run if they are free: growth in place. */
bool pool_take_units_at(size_t unit, size_t count) HIDDEN;

/* Takes a span of whole SuperSlabs for a huge block, at an address that is a multiple of `align`
 * SuperSlabs; count 0 when there is no memory. */
struct span pool_take_span(size_t count, size_t align, bool *clean) HIDDEN;

/* Makes the span, which is a huge block's, longer in place. */
bool pool_extend_span(struct span *span, size_t count) HIDDEN;

/* Gives back the end of a huge block's span, all behind its first `count` SuperSlabs. */
void pool_shrink_span(struct span *span, size_t count) HIDDEN;

/* Gives back a huge block's span. */
void pool_give_span(struct span span) HIDDEN;

/* The program will fill this part of a huge block. In a heap that is large already, the kernel may use
 * huge pages for it; they stay allowed there. */
void pool_allow_huge_pages(struct span span) HIDDEN;

/* Huge pages for shared SuperSlabs (heap/collapse.h): whether the heap is large enough for them; whether this
 * SuperSlab could have one; and a note of whether it was found dense, true once it was so for long enough:
 * the caller then has one made. */
bool pool_may_collapse(void) HIDDEN;
bool pool_is_collapsible(size_t number) HIDDEN;
bool pool_note_density(size_t number, bool dense) HIDDEN;

/* Whether the unit lies on a huge page that was made of a shared SuperSlab. */
bool pool_is_collapsed(size_t unit) HIDDEN;

/* Pages of this unit are about to be given back: a huge page there is split. */
void pool_note_holes(size_t unit) HIDDEN;

/* How many SuperSlabs from the span's beginning vm_move can move: those that are one mapping; 0 when too
 * many blocks were moved already. */
size_t pool_movable(struct span span) HIDDEN;

/* Notes that the pages of the first `count` SuperSlabs of `from` were moved to `to`. */
void pool_span_moved(struct span from, struct span to, size_t count) HIDDEN;

/* Forgets a huge block's span: nothing is mapped there any more. */
void pool_lose_span(struct span span) HIDDEN;

/* The huge block's span that SuperSlab `number` belongs to; count 0 when it belongs to none. */
struct span pool_huge_span(size_t number) HIDDEN;

/* How many SuperSlabs a live huge block has that begins with this one; 0: none does. Without the lock, which
 * a signal handler that asks may have interrupted: while a block lives only its owner changes its records. */
size_t pool_huge_superslabs(size_t number) HIDDEN;

/* Maps and populates SuperSlabs into the LRU; returns how many. */
size_t pool_prewarm(size_t superslabs) HIDDEN;

/* Gives memory back, in small steps; all of it, or until so much went, and little more. Returns how many
 * bytes. */
size_t pool_purge(enum pool_purge what) HIDDEN;
size_t pool_purge_some(enum pool_purge what, size_t enough_bytes) HIDDEN;

/* The two parts of PURGE_FREE: free units, until so much went, and little more; and the LRU. */
size_t pool_purge_units(size_t enough_bytes) HIDDEN;
size_t pool_purge_spans(void) HIDDEN;

/* Who is to purge instead of the thread that frees; NULL: nobody. */
void pool_set_purger(pool_purger *purger) HIDDEN;

/* Whether the LRU may keep more than HAKMEM_SS_LRU_SIZE, as long as the heap is no larger than it was in the
 * last decay: somebody sees to it that what is aged goes back, and what the heap holds is mostly resident. */
void pool_keep_peak(bool keep) HIDDEN;

/* Has the decay halved so many times: memory is scarce. */
void pool_set_haste(unsigned halvings) HIDDEN;

/* Free memory that may be resident, but for what was prewarmed. */
size_t pool_retained_bytes(void) HIDDEN;

/* Of it what is in the LRU. */
size_t pool_lru_bytes(void) HIDDEN;

void pool_stats_read(struct pool_stats *stats) HIDDEN;

/* For fork: holding the lock. */
void pool_fork_prepare(void) HIDDEN;
void pool_fork_parent(void) HIDDEN;
void pool_fork_child(void) HIDDEN;

/* Debug: aborts if an invariant above does not hold; takes the lock. */
void pool_validate(void) HIDDEN;

#endif
