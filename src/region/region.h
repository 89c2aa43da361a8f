/* region.h - the claimed address range: where blocks lie, and where the records about them lie.
 *
 * The payload is cut into units of 64 KiB, numbered from `region.base`; the records are arrays indexed
 * by unit, SuperSlab or cell number, in a second range below the payload. Nothing is reserved: both
 * grow by mapping windows at addresses chosen ahead, and a window that somebody else has taken is
 * stepped over (its units' tags say "not ours"). What was mapped and used stays mapped.
 *
 *     start            start + span/128     start + 3 span/64        start + span/16   base
 *     | SuperSlab records <- | header, tags -> | cells <- | slab records -> | remote maps -> |  payload ->
 *
 * Invariant: a unit below region.units has a mapped tag. Units are added under the pool's lock; anyone
 * reads without one. */
#ifndef HAKMEM_REGION_REGION_H
#define HAKMEM_REGION_REGION_H

#include <stdatomic.h>

#include "base/bits.h"
#include "base/config.h"

enum {
    SUPERSLAB_RECORD_BYTES = 64,
    SLAB_RECORD_BYTES = 128,
    SLAB_MAP_BYTES = 512,                                                     /* 4096 bits */
    SLAB_META_BYTES = SUPERSLAB_UNITS * (SLAB_RECORD_BYTES + SLAB_MAP_BYTES), /* of a SuperSlab */
    CELL_BYTES = 8192,
};

/* A tag is owner << 8 | class for a unit of a slab. Owner 0 is nobody: such a tag is one of these. */
enum {
    TAG_NONE = 0,         /* not ours, or free */
    TAG_RUN = 0x80,       /* + the run's units (1..16): its first unit */
    TAG_RUN_INNER = 0xa0, /* + the distance to the first unit (1..15) */
    TAG_HUGE = 0xc0,      /* the first unit of a huge block; its others have TAG_NONE */
    TAG_GUARDED = 0xc1,   /* each unit of guarded slots (heap/guard.h) */
    TAG_OWNER_LOG2 = 8,
    TAG_OWNED = 1 << TAG_OWNER_LOG2, /* tags from here on have an owner */
};

/* What the fast paths read. Zero at first: every pointer is then beyond the end. */
struct region {
    uintptr_t base;          /* const once units > 0 */
    _Atomic size_t units;    /* grows; a pointer's unit is compared with it */
    _Atomic size_t granules; /* units in granules of BLOCK_ALIGN bytes; what free compares with */
    _Atomic uint32_t *tag;   /* const once units > 0 */
    uintptr_t slab_meta;     /* the slab records' range */
    uintptr_t superslab_end; /* the SuperSlab records' range, which grows down from here */
    uintptr_t remote_maps;
    uintptr_t cells_end;         /* the cells' range, which grows down from here */
    _Atomic size_t remote_units; /* units below have a mapped remote map */
};
extern struct region region HIDDEN;

/* Unit of an address; at least region.units when it is not in the payload's mapped part. */
static inline size_t region_unit_of(const void *p)
{
    return ((uintptr_t)p - region.base) >> UNIT_LOG2;
}

enum { GRANULE_LOG2 = 4, UNIT_GRANULES_LOG2 = UNIT_LOG2 - GRANULE_LOG2 };
static_assert(1 << GRANULE_LOG2 == BLOCK_ALIGN, "a granule is what blocks are aligned to");

/* Granule of an address: its distance from the base, rotated. Of one that is not aligned the bits which make
 * it so end up at the top, and it is beyond all granules: one comparison for both. */
static inline size_t region_granule_of(const void *p)
{
    size_t distance = (uintptr_t)p - region.base;
    return distance >> GRANULE_LOG2 | distance << (64 - GRANULE_LOG2);
}

/* A relaxed load. Where no sanitizer watches it is written as a plain one, which compilers, unlike an
 * atomic, fold into the comparison that follows: an instruction less in free. */
static inline size_t region_load(const _Atomic size_t *field)
{
#if defined(__SANITIZE_THREAD__)
    return atomic_load_explicit(field, memory_order_relaxed);
#else
    return *(const size_t *)field;
#endif
}

static inline size_t region_units(void)
{
    return region_load(&region.units);
}

static inline size_t region_granules(void)
{
    return region_load(&region.granules);
}

static inline uint32_t region_tag(size_t unit)
{
    return atomic_load_explicit(&region.tag[unit], memory_order_relaxed);
}

static inline void region_tag_set(size_t unit, uint32_t tag)
{
    atomic_store_explicit(&region.tag[unit], tag, memory_order_relaxed);
}

static inline uintptr_t region_unit_address(size_t unit)
{
    return region.base + (unit << UNIT_LOG2);
}

static inline void *region_superslab_record(size_t superslab)
{
    return (void *)(region.superslab_end - (superslab + 1) * SUPERSLAB_RECORD_BYTES);
}

static inline void *region_slab_record(size_t unit)
{
    return (void *)(region.slab_meta + (unit >> SUPERSLAB_UNITS_LOG2) * SLAB_META_BYTES +
                    (unit & (SUPERSLAB_UNITS - 1)) * SLAB_RECORD_BYTES);
}

static inline uint64_t *region_slab_map(size_t unit)
{
    return (uint64_t *)(region.slab_meta + (unit >> SUPERSLAB_UNITS_LOG2) * SLAB_META_BYTES +
                        (size_t)SUPERSLAB_UNITS * SLAB_RECORD_BYTES +
                        (unit & (SUPERSLAB_UNITS - 1)) * SLAB_MAP_BYTES);
}

static inline _Atomic uint64_t *region_remote_map(size_t unit)
{
    return (_Atomic uint64_t *)(region.remote_maps + unit * SLAB_MAP_BYTES);
}

static inline void *region_cell(size_t cell)
{
    return (void *)(region.cells_end - (cell + 1) * CELL_BYTES);
}

/* Chooses the range and maps the first metadata, once; true when that is done. Any thread. */
bool region_claim(void) HIDDEN;

/* The image header, for each floor to write its own share of; once region_claim has returned true. */
struct image_header *region_image(void) HIDDEN;

/* Maps at least min_units more units behind the last one, and more while the kernel gives readily;
 * first and count say which. They may lie behind a gap, and begin or end inside a SuperSlab.
 * The caller holds the pool's lock. False when there is no memory or no room. */
bool region_grow(size_t min_units, size_t *first, size_t *count) HIDDEN;

/* The unit that region_grow would map next, unless it has to step over something. */
size_t region_next_unit(void) HIDDEN;

/* Takes the lowest free number of `count` cells in a row (their memory is zero); SIZE_MAX when there is
 * no memory. Cell numbers rise and addresses fall, so cell first + count - 1 is at the lowest. */
size_t region_take_cells(size_t count) HIDDEN;

/* Maps the remote maps of all units there are and from now on of new ones: the process has got a
 * second heap. Units for which there was no memory then stay without: see region.remote_units. */
void region_want_remote_maps(void) HIDDEN;

/* Bytes mapped for records, and for payload. */
size_t region_metadata_bytes(void) HIDDEN;
size_t region_payload_bytes(void) HIDDEN;

/* For fork: holding the lock of the metadata. */
void region_fork_prepare(void) HIDDEN;
void region_fork_parent(void) HIDDEN;
void region_fork_child(void) HIDDEN;

#endif
