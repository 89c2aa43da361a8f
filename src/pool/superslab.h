/* superslab.h - the record of a SuperSlab: 2 MiB of payload, 32 units.
 *
 * A SuperSlab is shared (its units go out one by one), or part of a span of whole SuperSlabs: a huge
 * block, warm (free, kept in the LRU with what memory it has) or cold (free, purged or never touched).
 * Of a warm or cold span only the first and the last record are kept up; of a huge one all are.
 *
 * All fields are [lock: pool]. A record is found by number; links are numbers + 1, and 0 is none. */
#ifndef HAKMEM_POOL_SUPERSLAB_H
#define HAKMEM_POOL_SUPERSLAB_H

#include "base/config.h"
#include "region/region.h"

enum superslab_kind {
    SUPERSLAB_NONE, /* not mapped */
    SUPERSLAB_SHARED,
    SUPERSLAB_HUGE,
    SUPERSLAB_WARM,
    SUPERSLAB_COLD,
    SUPERSLAB_BUSY, /* out of every list while its pages are purged or populated */
};

/* What a shared SuperSlab is for: slabs stay for long, and would break the room that runs come and go in. */
enum superslab_use { SUPERSLAB_SLABS, SUPERSLAB_RUNS, SUPERSLAB_USES };

typedef uint32_t superslab_link;

struct superslab {
    uint32_t free_units;         /* shared: a bit for each free unit */
    uint32_t dirty_units;        /* a bit for each unit that may not read as zero */
    superslab_link next, prev;   /* shared: in its bucket; first of a free span: in its bin */
    superslab_link older, newer; /* first of a free span: by age */
    uint32_t span;               /* first of a span: its length */
    uint32_t from_first;         /* distance to the span's first record */
    uint8_t kind;                /* enum superslab_kind */
    uint8_t bucket;              /* shared: free units, when in a bucket; else 0 */
    uint8_t units;               /* units mapped; fewer than all only at the end of what the kernel gave */
    uint8_t huge_pages;          /* the kernel was told that it may use huge pages here */
    uint32_t moved;              /* first of a huge span: SuperSlabs whose pages came here by vm_move */
    uint64_t since_ms;           /* first of a warm span: when it became so; shared: the last free */
    uint32_t free_dirty;         /* shared: free units that may be resident, as counted in the pool */
    uint8_t collapsed;           /* shared: the kernel was asked to make a huge page of it */
    uint8_t dense_passes;        /* shared: how often in a row it was found full of live blocks */
    uint8_t guarded;             /* shared: its last unit is kept out of free_units, and inaccessible */
    uint8_t use; /* shared: enum superslab_use, for what it was taken; of windows that are not whole: slabs */
    uint32_t purging; /* shared: units taken out of free_units while their pages are given back */
    uint32_t holder;  /* first of a busy span, or while `purging`: who will give them back (lock_self()) */
};
static_assert(sizeof(struct superslab) == SUPERSLAB_RECORD_BYTES, "region.h says how large a record is");

static inline struct superslab *superslab_at(size_t number)
{
    return (struct superslab *)region_superslab_record(number);
}

static inline size_t superslab_number(const struct superslab *superslab)
{
    return (region.superslab_end - (uintptr_t)superslab) / SUPERSLAB_RECORD_BYTES - 1;
}

static inline uintptr_t superslab_address(size_t number)
{
    return region_unit_address(number << SUPERSLAB_UNITS_LOG2);
}

/* SuperSlabs with a record: those that hold a unit below region.units. */
static inline size_t superslab_count(void)
{
    return (region_units() + SUPERSLAB_UNITS - 1) >> SUPERSLAB_UNITS_LOG2;
}

/* How many SuperSlabs this record, a shared one's or a span's first, speaks for; busy ones not counted. */
static inline size_t superslab_span(const struct superslab *superslab)
{
    bool first = superslab->kind >= SUPERSLAB_HUGE && superslab->kind <= SUPERSLAB_COLD;
    return first && superslab->from_first == 0 && superslab->span ? superslab->span : 1;
}

static inline uint32_t superslab_all_units(void)
{
    return (uint32_t)bits_below(SUPERSLAB_UNITS);
}

/* The `count` units from `first` on. */
static inline uint32_t superslab_row(unsigned first, size_t count)
{
    return (uint32_t)(bits_below((unsigned)count) << first);
}

/* The unit that is a guard. */
static inline uint32_t superslab_guard_units(const struct superslab *superslab)
{
    return superslab->guarded ? superslab_all_units() & ~(superslab_all_units() >> 1) : 0;
}

/* Whether nothing of it is in use. */
static inline bool superslab_is_all_free(const struct superslab *superslab)
{
    return (superslab->free_units | superslab_guard_units(superslab)) == superslab_all_units();
}

#endif
