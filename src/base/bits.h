/* bits.h - arithmetic on bits and sizes that every floor shares. Pure functions. */
#ifndef HAKMEM_BASE_BITS_H
#define HAKMEM_BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Index of the lowest / highest set bit; x must not be 0. */
static inline unsigned bit_lowest(uint64_t x)
{
    return (unsigned)__builtin_ctzll(x);
}

/* An xor and no difference: x86-64's clz ends in one, and the two make a single bsr. */
static inline unsigned bit_highest(uint64_t x)
{
    return 63u ^ (unsigned)__builtin_clzll(x);
}

/* How many bits are set. Plain x86-64 has no instruction for it, and the compiler would call a
 * function; this is the sum by halves, as in Warren, "Hacker's Delight", 5-1. */
static inline unsigned bit_count(uint64_t x)
{
    x -= (x >> 1) & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) + ((x >> 2) & UINT64_C(0x3333333333333333));
    x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (unsigned)((x * UINT64_C(0x0101010101010101)) >> 56);
}

/* The n lowest bits, n in 0..64. */
static inline uint64_t bits_below(unsigned n)
{
    return n >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
}

static inline bool is_power_of_two(size_t x)
{
    return x != 0 && (x & (x - 1)) == 0;
}

/* Rounding to a multiple of a power of two; up wraps near SIZE_MAX, so callers bound x first. */
static inline size_t align_up(size_t x, size_t power)
{
    return (x + power - 1) & ~(power - 1);
}

static inline size_t align_down(size_t x, size_t power)
{
    return x & ~(power - 1);
}

static inline size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* a - b, or 0 where b is more. */
static inline size_t size_minus(size_t a, size_t b)
{
    return a - size_min(a, b);
}

/* Lowest position at which `length` set bits stand in a row, starting at a multiple of `align`
 * (a power of two); 64 when there is none. */
static inline unsigned bits_find_row(uint64_t bits, unsigned length, unsigned align)
{
    uint64_t starts = bits;
    for (unsigned have = 1; have < length;) {
        unsigned step = have < length - have ? have : length - have;
        starts &= starts >> step;
        have += step;
    }
    for (; starts; starts &= starts - 1)
        if (bit_lowest(starts) % align == 0)
            return bit_lowest(starts);
    return 64;
}

#endif
