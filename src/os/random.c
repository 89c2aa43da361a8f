#include "os/random.h"

#include <string.h>
#include <sys/auxv.h>

enum { KEY_WORDS = 8, ROUNDS = 8 };

static _Atomic uint64_t blocks;
static _Atomic uint32_t test_key[2];

void random_test_seed(uint64_t seed)
{
    test_key[0] = (uint32_t)seed;
    test_key[1] = (uint32_t)(seed >> 32) | 1;
    blocks = 0;
}

/* What is not random in it is the address of a variable, which address space randomisation moves. */
static void read_key(uint32_t key[KEY_WORDS])
{
    uintptr_t address = (uintptr_t)&blocks;
    const void *given = (const void *)getauxval(AT_RANDOM);
    memset(key, 0, KEY_WORDS * sizeof *key);
    if (HAKMEM_TESTING && test_key[1]) {
        key[0] = test_key[0];
        key[1] = test_key[1];
        return;
    }
    if (given)
        memcpy(key, given, 16);
    memcpy(key + 4, &address, sizeof address);
}

static inline uint32_t rotate(uint32_t x, unsigned by)
{
    return x << by | x >> (32 - by);
}

static inline void quarter_round(uint32_t *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
    x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 7);
}

void random_fill(uint32_t words[RANDOM_WORDS])
{
    uint64_t block = atomic_fetch_add_explicit(&blocks, 1, memory_order_relaxed);
    uint32_t input[RANDOM_WORDS] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}; /* the cipher's own */
    read_key(input + 4);
    input[12] = (uint32_t)block;
    input[13] = (uint32_t)(block >> 32);
    memcpy(words, input, sizeof input);
    for (int round = 0; round < ROUNDS; round += 2) {
        quarter_round(words, 0, 4, 8, 12);
        quarter_round(words, 1, 5, 9, 13);
        quarter_round(words, 2, 6, 10, 14);
        quarter_round(words, 3, 7, 11, 15);
        quarter_round(words, 0, 5, 10, 15);
        quarter_round(words, 1, 6, 11, 12);
        quarter_round(words, 2, 7, 8, 13);
        quarter_round(words, 3, 4, 9, 14);
    }
    for (int i = 0; i < RANDOM_WORDS; i++)
        words[i] += input[i];
}
