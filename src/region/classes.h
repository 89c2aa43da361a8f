/* classes.h - the 93 size classes.
 *
 * 16..512 bytes by 16, ..1024 by 32, then for each doubling to 32 KiB one a 64th above the power of two,
 * for the many sizes that are a power of two and a header, and 8 steps: a block is at most 12.5 % larger
 * than asked for (15 bytes up to 512, 31 up to 1024). Every size is a multiple of 16, and since slabs start
 * at 64 KiB every block of a size that is a multiple of a power of two (up to 32 KiB) is aligned to it.
 * Constant. */
#ifndef HAKMEM_REGION_CLASSES_H
#define HAKMEM_REGION_CLASSES_H

#include "base/bits.h"
#include "base/config.h"

struct size_class {
    uint64_t reciprocal;  /* ceil(2^40 / size_bytes): see class_block_index */
    uint32_t size_bytes;  /* of a block */
    uint16_t slab_blocks; /* blocks of a slab */
    uint8_t slab_units;   /* units of a slab: 1, or WIDE_UNITS */
    uint8_t slab_words;   /* 64-bit words of a slab's map */
};
extern const struct size_class size_classes[SIZE_CLASSES] HIDDEN;

enum { SMALL_CLASSES = 48 }; /* up to SMALL_MAX_BYTES */
enum { SMALL_TABLE_BYTES = SMALL_MAX_BYTES / BLOCK_ALIGN + 1 };

/* The class of a size of at most SMALL_MAX_BYTES, by (size + 15) / 16. Each heap has a copy. */
extern const uint8_t small_class_table[SMALL_TABLE_BYTES] HIDDEN;

/* The class of a size in SMALL_MAX_BYTES + 1 .. SLAB_MAX_BYTES: 9 in each doubling. */
static inline unsigned class_of_medium(size_t size)
{
    unsigned doubling = bit_highest(size - 1);
    unsigned steps = (unsigned)((size - 1) >> (doubling - 6)); /* 64ths: 64 and up */
    return SMALL_CLASSES - 8 + 9 * (doubling - 10) + steps / 8 + (steps > 64);
}

static inline unsigned class_of_size(size_t size)
{
    return size <= SMALL_MAX_BYTES ? small_class_table[(size + 15) >> 4] : class_of_medium(size);
}

static inline size_t class_size(unsigned size_class)
{
    return size_classes[size_class].size_bytes;
}

/* The smallest class of at least `size` bytes whose blocks are all aligned to `align`, a power of two;
 * SIZE_CLASSES when none is. */
unsigned class_of_aligned(size_t size, size_t align) HIDDEN;

/* Index of the block that holds byte `offset` of a slab. A multiplication for the division: exact for
 * every offset below 2^18 since the reciprocal's error, below 2^-40 a unit, cannot reach 1 / size. */
static inline unsigned class_block_index(unsigned size_class, size_t offset)
{
    return (unsigned)((offset * size_classes[size_class].reciprocal) >> 40);
}

#endif
