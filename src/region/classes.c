#include "region/classes.h"

#define SLAB_UNITS(size) ((size) > 8192 ? (int)WIDE_UNITS : 1)
#define SLAB_BLOCKS(size) (SLAB_UNITS(size) * UNIT_BYTES / (size))
#define CLASS(size)                                                                                          \
    {                                                                                                        \
        (((uint64_t)1 << 40) + (size)-1) / (size), (size), SLAB_BLOCKS(size), SLAB_UNITS(size),              \
            (SLAB_BLOCKS(size) + 63) / 64                                                                    \
    }
/* Eight classes above `from`, each `step` larger than the one before. */
#define EIGHT(from, step)                                                                                    \
    CLASS((from) + (step)), CLASS((from) + 2 * (step)), CLASS((from) + 3 * (step)),                          \
        CLASS((from) + 4 * (step)), CLASS((from) + 5 * (step)), CLASS((from) + 6 * (step)),                  \
        CLASS((from) + 7 * (step)), CLASS((from) + 8 * (step))
/* A first one for a power of two and the few bytes that programs and their allocators put before it. */
#define DOUBLING(from) CLASS((from) + (from) / 64), EIGHT(from, (from) / 8)

const struct size_class size_classes[SIZE_CLASSES] = {
    EIGHT(0, 16),   EIGHT(128, 16), EIGHT(256, 16), EIGHT(384, 16), EIGHT(512, 32),  EIGHT(768, 32),
    DOUBLING(1024), DOUBLING(2048), DOUBLING(4096), DOUBLING(8192), DOUBLING(16384),
};

/* For (size + 15) / 16: a class of its own each up to 512 bytes, one for two above. */
#define ONES(c) (c), (c) + 1, (c) + 2, (c) + 3, (c) + 4, (c) + 5, (c) + 6, (c) + 7
#define TWOS(c) (c), (c), (c) + 1, (c) + 1, (c) + 2, (c) + 2, (c) + 3, (c) + 3

const uint8_t small_class_table[SMALL_TABLE_BYTES] = {
    0, ONES(0), ONES(8), ONES(16), ONES(24), TWOS(32), TWOS(36), TWOS(40), TWOS(44),
};

unsigned class_of_aligned(size_t size, size_t align)
{
    if (size > SLAB_MAX_BYTES || align > SLAB_MAX_BYTES)
        return SIZE_CLASSES;
    unsigned c = class_of_size(size_max(size, align));
    while (c < SIZE_CLASSES && class_size(c) % align != 0)
        c++;
    return c;
}
