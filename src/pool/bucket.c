/* bucket.c - shared SuperSlabs by how many of their units are free, so that the fullest with room is found at
 * once. [lock: pool]
 *
 *     a shared SuperSlab is in bucket k of its use  <=>  it has k > 0 free units
 *     pool.free_dirty_units == the sum of free_dirty of those in buckets */
#include "pool/state.h"

enum { ROOM_TRIES = 8 }; /* SuperSlabs of a bucket that are looked at */

void bucket_remove(struct superslab *superslab)
{
    struct buckets *buckets = &pool.buckets[superslab->use];
    unsigned bucket = superslab->bucket;
    if (bucket == 0)
        return;
    if (superslab->next)
        superslab_at(superslab->next - 1)->prev = superslab->prev;
    if (superslab->prev)
        superslab_at(superslab->prev - 1)->next = superslab->next;
    else
        buckets->first[bucket] = superslab->next;
    if (!buckets->first[bucket])
        buckets->occupied &= ~(UINT64_C(1) << bucket);
    superslab->bucket = 0;
    pool.free_dirty_units -= superslab->free_dirty;
    superslab->free_dirty = 0;
}

void bucket_place(struct superslab *superslab)
{
    bucket_remove(superslab);
    struct buckets *buckets = &pool.buckets[superslab->use];
    unsigned bucket = bit_count(superslab->free_units);
    if (bucket == 0)
        return;
    superslab_link self = (superslab_link)superslab_number(superslab) + 1;
    superslab->bucket = (uint8_t)bucket;
    superslab->prev = 0;
    superslab->next = buckets->first[bucket];
    if (superslab->next)
        superslab_at(superslab->next - 1)->prev = self;
    buckets->first[bucket] = self;
    buckets->occupied |= UINT64_C(1) << bucket;
    superslab->free_dirty = bit_count(superslab->free_units & superslab->dirty_units);
    pool.free_dirty_units += superslab->free_dirty;
}

/* ---- finding room */

unsigned bucket_find_dirty_row(struct superslab *superslab, size_t count, size_t align)
{
    return bits_find_row(superslab->free_units & superslab->dirty_units, (unsigned)count, (unsigned)align);
}

unsigned bucket_find_row(struct superslab *superslab, size_t count, size_t align)
{
    unsigned row = bucket_find_dirty_row(superslab, count, align);
    return row < 64 ? row : bits_find_row(superslab->free_units, (unsigned)count, (unsigned)align);
}

typedef unsigned row_finder(struct superslab *superslab, size_t count, size_t align);

/* The fullest SuperSlab of this use with `count` such units in a row. */
static inline struct superslab *find_fullest(row_finder *find, enum superslab_use use, size_t count,
                                             size_t align)
{
    const struct buckets *buckets = &pool.buckets[use];
    for (uint64_t fuller = buckets->occupied & ~bits_below((unsigned)count); fuller; fuller &= fuller - 1) {
        superslab_link at = buckets->first[bit_lowest(fuller)];
        for (int tries = 0; at && tries < ROOM_TRIES; tries++) {
            struct superslab *superslab = superslab_at(at - 1);
            if (find(superslab, count, align) < 64)
                return superslab;
            at = superslab->next;
        }
    }
    return NULL;
}

struct superslab *bucket_find_own_room(enum superslab_use use, size_t count, size_t align)
{
    return find_fullest(bucket_find_row, use, count, align);
}

struct superslab *bucket_find_dirty_room(enum superslab_use use, size_t count, size_t align)
{
    return pool.free_dirty_units >= count ? find_fullest(bucket_find_dirty_row, use, count, align) : NULL;
}

struct superslab *bucket_find_room(enum superslab_use use, size_t count, size_t align)
{
    struct superslab *found = bucket_find_own_room(use, count, align);
    if (!found)
        found = bucket_find_dirty_room(!use, count, align);
    return found ? found : bucket_find_own_room(!use, count, align);
}
