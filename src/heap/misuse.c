#include "heap/misuse.h"

#include "base/log.h"
#include "os/lock.h"
#include "pool/pool.h"

static void __attribute__((noreturn)) inside(const void *p, uintptr_t block, size_t bytes)
{
    lock_own_all();
    log_fatal("free of %p which lies inside the block at %p (%zu bytes, offset %zu)", p, (void *)block, bytes,
              (size_t)((uintptr_t)p - block));
}

void misuse_double_free_in_slab(const struct slab *slab, unsigned word, uint64_t bits)
{
    size_t size = class_size(slab->size_class);
    lock_own_all();
    log_fatal("double free of %p (%zu-byte block)",
              (void *)(slab_address(slab) + (word * 64 + bit_lowest(bits)) * size), size);
}

void misuse_double_free(const void *p)
{
    lock_own_all();
    log_fatal("double free of %p (its memory is free already)", p);
}

void misuse_free(const void *p, size_t unit, uint32_t tag)
{
    size_t head = unit;
    if (tag > TAG_RUN_INNER && tag < TAG_RUN_INNER + RUN_MAX_UNITS)
        head = unit - (tag - TAG_RUN_INNER);
    uint32_t head_tag = region_tag(head);
    if (head_tag > TAG_RUN && head_tag <= TAG_RUN + RUN_MAX_UNITS)
        inside(p, region_unit_address(head), (size_t)(head_tag - TAG_RUN) << UNIT_LOG2);
    struct span span = pool_huge_span(unit >> SUPERSLAB_UNITS_LOG2);
    if (span.count)
        inside(p, superslab_address(span.first), span.count << SUPERSLAB_LOG2);
    if ((uintptr_t)p % BLOCK_ALIGN == 0)
        misuse_double_free(p);
    lock_own_all();
    log_fatal("free of %p which is not a block of HAKMEM (it lies in memory that is free)", p);
}

void misuse_inside_slab(const void *p)
{
    struct slab_place place = slab_place_of(p, region_unit_of(p));
    size_t size = class_size(place.slab->size_class);
    inside(p, (uintptr_t)slab_address(place.slab) + place.index * size, size);
}

void misuse_foreign(const void *p)
{
    lock_own_all();
    log_fatal("free of %p which is not a block of HAKMEM", p);
}
