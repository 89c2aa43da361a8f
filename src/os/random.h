/* random.h - numbers that cannot be foretold: ChaCha with 8 rounds (D. J. Bernstein, "ChaCha, a variant of
 * Salsa20", 2008), its key made of the 16 random bytes that the kernel gives each process at its start. No
 * lock, no state but a counter. A fork's child goes on with the same stream as its parent. */
#ifndef HAKMEM_OS_RANDOM_H
#define HAKMEM_OS_RANDOM_H

#include "base/config.h"

enum { RANDOM_WORDS = 16 };

/* The next block of the stream. Any thread. */
void random_fill(uint32_t words[RANDOM_WORDS]) HIDDEN;

/* A number below `limit`, which is not 0, from a random word; even to within limit / 2^32. */
static inline unsigned random_below(uint32_t word, unsigned limit)
{
    return (unsigned)(((uint64_t)word * limit) >> 32);
}

/* Test builds: another key, and the stream from its beginning. */
void random_test_seed(uint64_t seed) HIDDEN;

#endif
