/* slab.h - a slab: one unit (a wide slab: four) cut into blocks of one size class, and the bitmap that
 * says which of them are free.
 *
 * The map is 64 words of 64 bits at most under one summary word, so two count-trailing-zeros find the
 * lowest free block. Nothing is ever written into the blocks.
 *
 * Invariants, for a slab in use:
 *     summary bit w set  <=>  words[w] != 0
 *     free_blocks == number of bits set in words
 *     a bit set in a remote word (remote.h) is not set in words: that block is not yet counted free
 *     a page's bit set in purged_pages  =>  every block in it is free, or reserved by who purges it
 *
 * A record belongs to its slab's heap and is changed under that heap's lock; only the remote half is
 * written by others. Head record: that of the slab's first unit. */
#ifndef HAKMEM_SLAB_SLAB_H
#define HAKMEM_SLAB_SLAB_H

#include <stdatomic.h>

#include "base/bits.h"
#include "base/config.h"
#include "region/classes.h"
#include "region/region.h"

enum { SLAB_INLINE_WORDS = 4 };

enum slab_state {
    SLAB_NONE,    /* the unit is not a slab, or not its first unit */
    SLAB_FULL,    /* in no list: without a free block, but for the moment of a change */
    SLAB_CURRENT, /* the one its bin takes from */
    SLAB_PARTIAL, /* in one of its bin's lists */
};

/* A link to a slab: its unit + 1; 0 is none. */
typedef uint32_t slab_link;

struct slab {
    uint64_t summary;                         /* [lock: heap] */
    uint64_t words_inline[SLAB_INLINE_WORDS]; /* [lock: heap] for slabs of at most 256 blocks */
    slab_link next, prev;                     /* [lock: heap] in the bin's list */
    uint16_t free_blocks;                     /* [lock: heap] */
    uint16_t blocks;                          /* [const in use] */
    uint8_t size_class;                       /* [const in use] */
    uint8_t state;                            /* [lock: heap] enum slab_state */
    uint8_t fullness : 4;                     /* [lock: heap] which of the bin's lists */
    uint8_t quiet : 3;                        /* [lock: heap] see holes.h; 0 when a block was taken or put */
    uint8_t has_purged : 1;                   /* [lock: heap] purged_pages is not 0 */
    uint8_t unit_offset;                      /* [const in use] distance to the head record, in units */
    uint32_t owner;                           /* [const in use] the heap's number */
    uint32_t unit;                            /* [const] */

    _Atomic uint64_t remote_summary; /* [atomic] with remote_publish_word / remote_collect */
    _Atomic uint64_t remote_inline[SLAB_INLINE_WORDS]; /* [atomic] likewise */
    _Atomic slab_link inbox_next;                      /* [atomic] with remote_push / remote_collect */
    uint32_t unused;
    uint64_t purged_pages; /* [lock: heap] a bit for each page that was given back, or new, and has no block
                              since */
    uint64_t unused_too;
};
static_assert(sizeof(struct slab) == SLAB_RECORD_BYTES, "region.h says how large a record is");

/* The head record of the slab that unit belongs to; the unit's tag must have an owner. */
static inline struct slab *slab_of_unit(size_t unit)
{
    struct slab *slab = region_slab_record(unit);
    return (struct slab *)region_slab_record(unit - slab->unit_offset);
}

static inline struct slab *slab_from_link(slab_link link)
{
    return link ? (struct slab *)region_slab_record(link - 1) : NULL;
}

static inline slab_link slab_to_link(const struct slab *slab)
{
    return slab ? slab->unit + 1 : 0;
}

static inline char *slab_address(const struct slab *slab)
{
    return (char *)region_unit_address(slab->unit);
}

static inline bool slab_has_inline_map(const struct slab *slab)
{
    return slab->blocks <= SLAB_INLINE_WORDS * 64;
}

static inline uint64_t *slab_words(struct slab *slab)
{
    return slab_has_inline_map(slab) ? slab->words_inline : region_slab_map(slab->unit);
}

/* Where a block is in its slab's map. `exact` is false when p does not point at a block's start. */
struct slab_place {
    struct slab *slab;
    unsigned index;
    bool exact;
};

static inline struct slab_place slab_place_of(const void *p, size_t unit)
{
    struct slab *slab = slab_of_unit(unit);
    size_t offset = (uintptr_t)p - (uintptr_t)slab_address(slab);
    unsigned index = class_block_index(slab->size_class, offset);
    return (struct slab_place){slab, index,
                               index * class_size(slab->size_class) == offset && index < slab->blocks};
}

/* A way through many blocks that mostly lie in the same few slabs: the slab of the last one is kept at
 * hand, and blocks in one word of its map are gathered into a mask. Zeroed: none yet. */
struct slab_cursor {
    struct slab *slab;
    uintptr_t base;
    size_t bytes; /* those of its blocks; 0: no slab */
    size_t size;
    uint64_t reciprocal;
    unsigned word; /* the word gathered, and */
    uint64_t mask; /* its bits */
};

static inline bool slab_cursor_holds(const struct slab_cursor *cursor, const void *block)
{
    return (uintptr_t)block - cursor->base < cursor->bytes;
}

static inline void slab_cursor_enter(struct slab_cursor *cursor, const void *block)
{
    struct slab *slab = slab_of_unit(region_unit_of(block));
    const struct size_class *class = &size_classes[slab->size_class];
    *cursor = (struct slab_cursor){
        .slab = slab,
        .base = (uintptr_t)slab_address(slab),
        .bytes = (size_t) class->size_bytes * slab->blocks,
        .size = class->size_bytes,
        .reciprocal = class->reciprocal,
    };
}

/* Where a block that the cursor's slab holds is; false when the pointer is not a block's start. */
static inline bool slab_cursor_find(const struct slab_cursor *cursor, const void *block, unsigned *index)
{
    size_t offset = (uintptr_t)block - cursor->base;
    *index = (unsigned)((offset * cursor->reciprocal) >> 40);
    return *index * cursor->size == offset && offset < cursor->bytes;
}

/* Adds a block to the mask; false, and nothing done, when it lies in another word or is there already:
 * the mask must then be dealt with and emptied first. */
static inline bool slab_cursor_gather(struct slab_cursor *cursor, unsigned index)
{
    uint64_t bit = UINT64_C(1) << (index % 64);
    if (index / 64 != cursor->word || (cursor->mask & bit)) {
        if (cursor->mask)
            return false;
        cursor->word = index / 64;
    }
    cursor->mask |= bit;
    return true;
}

/* Makes the records of a slab, all of whose blocks are free, at `unit`; tags are the caller's business. */
struct slab *slab_create(size_t unit, unsigned size_class, uint32_t owner) HIDDEN;

/* Takes up to `want` free blocks, lowest address first, and writes them to *slot, *(slot - 1), … : the
 * lowest at the top of a stack. In secure mode they are any, in any order. Returns how many. */
unsigned slab_take(struct slab *slab, void **slot, unsigned want) HIDDEN;

/* Takes the lowest group of `group` blocks (a power of two, at most 64) that begins at a multiple of
 * `group` and is wholly free; 0 when there is none, else `group`. Slots as above. */
unsigned slab_take_group(struct slab *slab, void **slot, unsigned group) HIDDEN;

/* Frees the blocks of word `word` that `mask` names. Returns the bits that were free already: blocks
 * freed twice, which are left as they are. */
uint64_t slab_put(struct slab *slab, unsigned word, uint64_t mask) HIDDEN;

/* All pages in which a block lies, as bits. */
uint64_t slab_used_pages(const struct slab *slab, unsigned page_log2) HIDDEN;

/* Pages in which every block is free, as bits: those that may hold something, and are worth giving back.
 * A page has `page_log2` bits of address. */
uint64_t slab_holes(struct slab *slab, unsigned page_log2) HIDDEN;

/* Takes the blocks of those pages, all free, out of the map, as if they were given out. */
void slab_reserve_pages(struct slab *slab, uint64_t pages, unsigned page_log2) HIDDEN;

/* The blocks of those pages, as bits of the slab's map in map[0 .. slab_words). */
void slab_blocks_of_pages(const struct slab *slab, uint64_t pages, unsigned page_log2, uint64_t *map) HIDDEN;

/* Whether the block is free as far as the map knows. */
bool slab_block_is_free(struct slab *slab, unsigned index) HIDDEN;

static inline bool slab_is_empty(const struct slab *slab)
{
    return slab->free_blocks == slab->blocks;
}

/* Debug: aborts if an invariant above does not hold; [lock: heap]. */
void slab_validate(struct slab *slab) HIDDEN;

#endif
