/* seed_loop.h - the loop of the seed benchmark, for any allocator.
 *
 * An operation picks a random slot: an empty one gets a block of 16..1039 bytes with both ends
 * written, a full one loses its block. The loop is kept lean (one xorshift, no division, no check of
 * malloc's result: a NULL would fault on the write) so that it measures the allocator.
 *
 * The includer defines, before including this:
 *   SEED_MALLOC(size)         a block
 *   SEED_KEEP(block, size)    what the slot holds of it, never 0
 *   SEED_FREE(kept)           frees it
 */
#ifndef HAKMEM_BENCH_SEED_LOOP_H
#define HAKMEM_BENCH_SEED_LOOP_H

#include "bench.h"

enum { SEED_OPS, SEED_SLOTS, SEED_SEED, SEED_PARAMETERS };
enum { SEED_LEAST_BYTES = 16, SEED_SIZES_MASK = 1023 };

#define SEED_PARAMETERS_DEFAULT                                                                              \
    {                                                                                                        \
        {"iterations", 200000, 1, UINT64_MAX}, {"slots", 4096, 1, 1u << 28},                                 \
            {"seed", 1234567, 1, UINT64_MAX},                                                                \
    }

static inline __attribute__((always_inline)) void seed_operation(uintptr_t *slot, uint64_t random)
{
    if (*slot) {
        SEED_FREE(*slot);
        *slot = 0;
        return;
    }
    size_t size = SEED_LEAST_BYTES + ((random >> 32) & SEED_SIZES_MASK);
    char *block = SEED_MALLOC(size);
    block[0] = (char)random;
    block[size - 1] = (char)random;
    *slot = SEED_KEEP(block, size);
}

static __attribute__((noinline)) void seed_loop(uintptr_t *slots, uint64_t slot_count, uint64_t ops,
                                                uint64_t random)
{
    uint64_t mask = slot_count - 1;
    if ((slot_count & mask) == 0) {
        for (; ops > 0; ops--) {
            bench_random(&random);
            seed_operation(&slots[random & mask], random);
        }
        return;
    }
    for (; ops > 0; ops--) {
        bench_random(&random);
        seed_operation(&slots[(random & UINT32_MAX) * slot_count >> 32], random);
    }
}

/* Every operation was a malloc or a free, and the slots in use hold the difference. */
static inline uint64_t seed_mallocs(const uintptr_t *slots, uint64_t slot_count, uint64_t ops)
{
    uint64_t live = 0;
    for (uint64_t i = 0; i < slot_count; i++)
        live += slots[i] != 0;
    return (ops + live) / 2;
}

#endif
