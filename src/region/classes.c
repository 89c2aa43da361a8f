#include "region/classes.h"

#define SLAB_UNITS(size) ((size) > 8192 ? (int)WIDE_UNITS : 1)
#define SLAB_BLOCKS(size) (SLAB_UNITS(size) * UNIT_BYTES / (size))
#define CLASS(size)                                                                                          \
    {                                                                                                        \
        (((uint64_t)1 << 40) + (size)-1) / (size), (size), SLAB_BLOCKS(size), SLAB_UNITS(size),              \
            (SLAB_BLOCKS(size) + 63) / 64                                                                    \
    }
#define DOUBLING(from)                                                                                       \
    CLASS((from) / 8 * 9), CLASS((from) / 8 * 10), CLASS((from) / 8 * 11), CLASS((from) / 8 * 12),           \
        CLASS((from) / 8 * 13), CLASS((from) / 8 * 14), CLASS((from) / 8 * 15), CLASS((from) / 8 * 16)

const struct size_class size_classes[SIZE_CLASSES] = {
    CLASS(16),      CLASS(32),      CLASS(48),      CLASS(64),       CLASS(80),     CLASS(96),
    CLASS(112),     CLASS(128),     DOUBLING(128),  DOUBLING(256),   DOUBLING(512), DOUBLING(1024),
    DOUBLING(2048), DOUBLING(4096), DOUBLING(8192), DOUBLING(16384),
};

/* Classes of 16 sizes in a row, each 16 bytes on from the one before: two, four for each class. */
#define BY_2(c) (c), (c)
#define BY_4(c) (c), (c), (c), (c)

const uint8_t small_class_table[SMALL_TABLE_BYTES] = {
    0,        0,        1,        2,        3,        4,        5,        6,        7,
    8,        9,        10,       11,       12,       13,       14,       15,       BY_2(16),
    BY_2(17), BY_2(18), BY_2(19), BY_2(20), BY_2(21), BY_2(22), BY_2(23), BY_4(24), BY_4(25),
    BY_4(26), BY_4(27), BY_4(28), BY_4(29), BY_4(30), BY_4(31),
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
