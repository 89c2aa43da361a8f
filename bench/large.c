/* large.c - blocks of 64 KiB to 16 MiB, replaced at random, with every page written.
 *
 * Sizes are spread evenly over their logarithm. What is measured is whether freed large blocks are
 * kept and fit again, or every one is fresh zeroed pages. Operations: mallocs and frees.
 */
#define _GNU_SOURCE 1

#include "bench.h"

#include <stdlib.h>

enum { OPS, SLOTS, SEED, PARAMETERS };
enum { LEAST_LOG2 = 16, MOST_LOG2 = 24, PAGE_BYTES = 4096 };

static struct bench_parameter p[PARAMETERS] = {
    {"ops", 4000, 1, UINT64_MAX},
    {"slots", 16, 1, 65536},
    {"seed", 1234567, 1, UINT64_MAX},
};

static size_t large_size(uint64_t random)
{
    size_t doubling = bench_between(random << 32, LEAST_LOG2, MOST_LOG2 - 1);
    size_t base = (size_t)1 << doubling;
    return base + bench_between(random, 0, base - 1);
}

static char *large_new(uint64_t random)
{
    size_t size = large_size(random);
    char *block = bench_touch(malloc(size), size);
    for (size_t i = 0; i < size; i += PAGE_BYTES)
        ((volatile char *)block)[i] = 1;
    return block;
}

int main(int argc, char **argv)
{
    bench_parameters_read(argc, argv, p, PARAMETERS);
    size_t slots = p[SLOTS].value;
    uint64_t random = p[SEED].value, replacements = (p[OPS].value + 1) / 2;
    char **slot = bench_pages(slots * sizeof *slot);

    uint64_t start = bench_now_ns();
    for (uint64_t i = 0; i < replacements; i++) {
        char **place = &slot[bench_between(bench_random(&random), 0, slots - 1)];
        free(*place);
        *place = large_new(bench_random(&random));
    }
    for (size_t i = 0; i < slots; i++)
        free(slot[i]);
    uint64_t elapsed = bench_now_ns() - start;

    bench_report("large", p, PARAMETERS, 2 * replacements, elapsed);
    return 0;
}
