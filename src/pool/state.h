/* state.h - what the files of the pool share: its state, its lock, and what they ask of each other, from the
 * ground up. Only they include it.
 *
 * Everything here is [lock: pool]: called, or touched, while the lock is held, but for what says otherwise.
 *
 * Where a SuperSlab can be: in a bucket, when it is shared and has free units (bucket.c); in the LRU or the
 * cold set, as part of a free span (span.c); or in none of these: shared without a free unit, part of a huge
 * block, busy, about to be one of them, or not mapped. */
#ifndef HAKMEM_POOL_STATE_H
#define HAKMEM_POOL_STATE_H

#include "os/lock.h"
#include "os/vm.h"
#include "pool/pool.h"

/* Shared SuperSlabs of one use by free units. */
struct buckets {
    uint64_t occupied; /* a bit for each that is not empty */
    superslab_link first[SUPERSLAB_UNITS + 1];
};

struct pool_state {
    struct lock lock;
    struct buckets buckets[SUPERSLAB_USES];
    struct span_set warm, cold; /* the LRU, and free SuperSlabs without memory */
    uint64_t dirty_hits, clean, lru_hits, lru_misses, lru_evictions; /* in this order: see image.h */
    size_t peak_units[2];        /* most that were in use in this period, and in the last (lru.c) */
    uint64_t peak_since_ms;      /* when this period began */
    _Atomic bool keeps_peak;     /* [atomic] the LRU may have as many as make up for these */
    size_t moved_spans;          /* huge blocks with pages that were moved: superslab.moved is not 0 */
    size_t huge_page_rows;       /* rows of SuperSlabs with huge pages allowed, between others */
    size_t forbidden;            /* how often that was taken back */
    size_t free_dirty_units;     /* in shared SuperSlabs: may be resident, and nobody's */
    size_t dirty_units;          /* in all: may be resident; read without the lock, by __atomic_load_n */
    _Atomic size_t holes_bytes;  /* [atomic] of these, inside slabs, given back */
    pool_purger *_Atomic purger; /* [atomic] set with release, once */
    _Atomic size_t collapsed;    /* [lock] to write: shared SuperSlabs of which a huge page was made */
    _Atomic unsigned haste;      /* [atomic] the decay is halved so often */
    _Atomic bool has_orphans;    /* in a fork's child: what other threads purged is not taken over yet, */
    uint32_t survivor;           /* those but this one (lock_self()), which forked */
};
extern struct pool_state pool HIDDEN;

/* In a fork's child, with the lock or alone: what other threads were purging is free (purge.c). */
void purge_take_over_orphans(void) HIDDEN;

static inline void pool_lock(void) /* without the lock */
{
    lock_acquire(&pool.lock, LOCK_POOL);
    if (unlikely(atomic_load_explicit(&pool.has_orphans, memory_order_relaxed)))
        purge_take_over_orphans();
}

static inline void pool_unlock(void)
{
    lock_release(&pool.lock, LOCK_POOL);
}

/* Whether so many more units may become resident. */
static inline bool pool_hard_limit_allows(size_t units)
{
    size_t limit = OPTION_VALUE(hard_limit);
    return likely(!limit) || pool.dirty_units + units <= limit * UNITS_IN_MIB;
}

/* Free memory that may be resident, what was prewarmed included. */
size_t pool_retained_in_all(void) HIDDEN;

/* ---- superslab.c: one SuperSlab, and spans of them */

/* Notes which units may be resident. A shared SuperSlab's bucket must be told (bucket_place). */
void superslab_set_dirty(struct superslab *superslab, uint32_t units) HIDDEN;

/* In secure mode its last unit, which is mapped and free, is taken for a guard; and is a unit again, since
 * the SuperSlab is to be part of a span. False: the kernel does not take the guard away. */
void superslab_guard(struct superslab *superslab) HIDDEN;
bool superslab_unguard(struct superslab *superslab) HIDDEN;

/* Whether nothing of it can be resident; how many of its units cannot. */
bool superslabs_are_clean(struct span span) HIDDEN;
size_t superslabs_clean_units(struct span span) HIDDEN;

void superslabs_set_dirty(struct span span, uint32_t units) HIDDEN;

/* ---- bucket.c: shared SuperSlabs by their free units */

/* Into the bucket that its free units call for, from the one that it is in, if any; to be called after its
 * free or its dirty units changed. */
void bucket_place(struct superslab *superslab) HIDDEN;

/* Out of its bucket, if it is in one. */
void bucket_remove(struct superslab *superslab) HIDDEN;

/* The first of `count` free units in a row, those that may be resident before others; 64: none. */
unsigned bucket_find_row(struct superslab *superslab, size_t count, size_t align) HIDDEN;

/* The same among those that may be resident only. */
unsigned bucket_find_dirty_row(struct superslab *superslab, size_t count, size_t align) HIDDEN;

/* The fullest SuperSlab of this use with such a row, among the first few of each bucket; with a dirty row;
 * and any at all: of this use, or else of the other. */
struct superslab *bucket_find_own_room(enum superslab_use use, size_t count, size_t align) HIDDEN;
struct superslab *bucket_find_dirty_room(enum superslab_use use, size_t count, size_t align) HIDDEN;
struct superslab *bucket_find_room(enum superslab_use use, size_t count, size_t align) HIDDEN;

/* ---- huge_pages.c */

/* Sets the span's flags, and keeps count of the rows of equal ones: each is a mapping. */
void huge_pages_set(struct span span, bool allowed) HIDDEN;

/* The SuperSlab is to hold small blocks. Where huge pages are allowed and nothing is resident, it gets a page
 * at a time from now on; as that splits its mapping for good, only the first few times. */
void huge_pages_forbid(size_t number) HIDDEN;

/* A huge page that was made of a shared SuperSlab is no more; whether there was one. */
bool huge_pages_forget(struct superslab *superslab) HIDDEN;

/* ---- lru.c: free SuperSlabs that may be resident */

COLD void lru_debug(const char *what, struct span span) HIDDEN;

static inline void lru_note(const char *what, struct span span)
{
    if (unlikely(OPTION_VALUE(ss_lru_debug)))
        lru_debug(what, span);
}

/* How long free memory stays resident. */
uint64_t lru_decay_ms(void) HIDDEN;

/* Notes how much is in use now. To be called before a span goes into the LRU, which is when that is most. */
void lru_note_use(uint64_t now_ms) HIDDEN;

/* Whether it is over its limits, in number or age. */
bool lru_is_over(uint64_t now_ms) HIDDEN;

/* Whether it has more than what was prewarmed, for huge blocks and for growth; and how much more. */
bool lru_has_spare(void) HIDDEN;
size_t lru_spare_bytes(void) HIDDEN;

/* A shared SuperSlab of which every unit is free goes to the LRU; or to the cold set, where nothing of it is
 * resident. */
void lru_retire(struct superslab *superslab, uint64_t now_ms) HIDDEN;
void lru_retire_clean(struct superslab *superslab) HIDDEN;

/* Takes what must go next, at most so many SuperSlabs, which are busy then; count 0: nothing. */
struct span lru_evict(enum pool_purge what, uint64_t now_ms, size_t superslabs) HIDDEN;

/* ---- supply.c: where whole SuperSlabs come from */

/* Maps at least so many more units: whole SuperSlabs go to the cold set, parts of one to the buckets. */
bool supply_map(size_t min_units) HIDDEN;

/* Units to map so that `count` whole SuperSlabs are among them. */
size_t supply_units_for_span(size_t count) HIDDEN;

/* A free span, of the LRU if that has one, or else a cold one, mapped if need be; count 0: no memory. */
struct span supply_take_span(size_t count, size_t align) HIDDEN;

/* ---- purge.c; without the lock */

/* A busy span that was to be given back goes to the cold set, clean if the result says that it was; with
 * VM_NO_MEMORY it is lost. Returns bytes given back. */
size_t purge_settle(struct span span, enum vm_result result) HIDDEN;

/* `freed` bytes were, and so much is retained now: somebody whose task that is gives back what is to go, or
 * else the caller. */
void purge_if_needed(size_t freed, size_t retained, bool over) HIDDEN;

#endif
