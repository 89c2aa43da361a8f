/* blocks.h - contents for blocks, so that a byte which is lost, or is somebody else's, shows.
 *
 * The byte at each offset follows from a seed, so a block can be verified with no copy of it, and
 * a prefix of it after realloc. */
#ifndef BLOCKS_H
#define BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* splitmix64: a good hash, and with a counter a good generator. */
static inline uint64_t hash64(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static inline uint64_t random_next(uint64_t *state)
{
    return hash64((*state)++);
}

/* 0 .. limit - 1 */
static inline size_t random_below(uint64_t *state, size_t limit)
{
    return (size_t)(random_next(state) % limit);
}

static inline void block_fill(void *block, size_t size, uint64_t seed)
{
    unsigned char *to = (unsigned char *)block;
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = hash64(seed + i);
        memcpy(to + i, &word, size - i < 8 ? size - i : 8);
    }
}

static inline bool block_holds(const void *block, size_t size, uint64_t seed)
{
    const unsigned char *from = (const unsigned char *)block;
    for (size_t i = 0; i < size; i += 8) {
        uint64_t word = hash64(seed + i);
        if (memcmp(from + i, &word, size - i < 8 ? size - i : 8) != 0)
            return false;
    }
    return true;
}

static inline bool block_is_zero(const void *block, size_t size)
{
    const unsigned char *from = (const unsigned char *)block;
    return size == 0 || (from[0] == 0 && memcmp(from, from + 1, size - 1) == 0);
}

static inline bool is_aligned(const void *block, size_t alignment)
{
    return ((uintptr_t)block & (alignment - 1)) == 0;
}

#endif
