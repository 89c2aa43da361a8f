#include "heap/misuse.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/log.h"
#include "os/lock.h"
#include "os/maps.h"
#include "pool/pool.h"

enum { TEXT_BYTES = 480 };

static bool begin(const char *format, va_list *arguments)
{
    char text[TEXT_BYTES];
    if (OPTION_VALUE(on_error) == ON_ERROR_IGNORE)
        return false;
    log_format_list(text, sizeof text, format, arguments);
    log_line("%s", text);
    return true;
}

bool misuse_begin(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool begun = begin(format, &arguments);
    va_end(arguments);
    return begun;
}

void misuse_end(void)
{
    if (OPTION_VALUE(on_error) != ON_ERROR_ABORT)
        return;
    lock_own_all();
    abort();
}

void misuse_report(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bool begun = begin(format, &arguments);
    va_end(arguments);
    if (begun)
        misuse_end();
}

static void inside(const char *call, const void *p, uintptr_t block, size_t bytes)
{
    misuse_report("%s of %p which lies inside the block at %p (%zu bytes, offset %zu)", call, p,
                  (void *)block, bytes, (size_t)((uintptr_t)p - block));
}

void misuse_double_free_of_block(const void *p, size_t bytes)
{
    misuse_report("double free of %p (%zu-byte block)", p, bytes);
}

void misuse_double_free_in_slab(const struct slab *slab, unsigned word, uint64_t bits)
{
    size_t size = class_size(slab->size_class);
    for (; bits; bits &= bits - 1)
        misuse_double_free_of_block(slab_address(slab) + (word * 64 + bit_lowest(bits)) * size, size);
}

void misuse_double_free(const void *p)
{
    misuse_report("double free of %p (its memory is free already)", p);
}

uintptr_t misuse_large_around(size_t unit, uint32_t tag, size_t *bytes)
{
    size_t head = unit;
    if (tag > TAG_RUN_INNER && tag < TAG_RUN_INNER + RUN_MAX_UNITS)
        head = unit - (tag - TAG_RUN_INNER);
    uint32_t head_tag = region_tag(head);
    struct span span = pool_huge_span(unit >> SUPERSLAB_UNITS_LOG2);
    if (head_tag > TAG_RUN && head_tag <= TAG_RUN + RUN_MAX_UNITS) {
        *bytes = (size_t)(head_tag - TAG_RUN) << UNIT_LOG2;
        return region_unit_address(head);
    }
    *bytes = span.count << SUPERSLAB_LOG2;
    return span.count ? superslab_address(span.first) : 0;
}

void misuse_free(const char *call, const void *p, size_t unit, uint32_t tag)
{
    size_t bytes;
    uintptr_t block = misuse_large_around(unit, tag, &bytes);
    if (block)
        inside(call, p, block, bytes);
    else if ((uintptr_t)p % BLOCK_ALIGN == 0)
        misuse_double_free(p);
    else
        misuse_report("%s of %p which is not a block of HAKMEM (it lies in memory that is free)", call, p);
}

void misuse_inside_slab(const char *call, const void *p)
{
    struct slab_place place = slab_place_of(p, region_unit_of(p));
    size_t size = class_size(place.slab->size_class);
    if (place.index >= place.slab->blocks)
        misuse_report("%s of %p which is not a block of HAKMEM (it lies behind the last block of its slab)",
                      call, p);
    else
        inside(call, p, (uintptr_t)slab_address(place.slab) + place.index * size, size);
}

void misuse_misaligned(const char *call, const void *p)
{
    size_t unit = region_unit_of(p);
    uint32_t tag = region_tag(unit);
    if (tag >= TAG_OWNED)
        misuse_inside_slab(call, p);
    else
        misuse_free(call, p, unit, tag);
}

void misuse_foreign(const char *call, const void *p)
{
    struct mapping mapping;
    uintptr_t address = (uintptr_t)p;
    if (!maps_nearest(address, &mapping))
        misuse_report("%s of %p which is not a block of HAKMEM", call, p);
    else if (mapping_holds(&mapping, address))
        misuse_report("%s of %p which is not a block of HAKMEM: it lies in %s (%s, %zu bytes from its start)",
                      call, p, *mapping.name ? mapping.name : "memory that something else mapped",
                      mapping.access, (size_t)(address - mapping.start));
    else
        misuse_report("%s of %p which is not a block of HAKMEM: nothing is mapped there, nearest is %s at %p",
                      call, p, *mapping.name ? mapping.name : "unnamed memory", (void *)mapping.start);
}
