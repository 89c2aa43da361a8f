/* many_threads.c - waves of threads with short lives: what starting and ending a heap costs.
 *
 * Each thread fills a small set of slots as the seed loop does, frees what is left and exits.
 * Operations: mallocs and frees.
 */
#define _GNU_SOURCE 1

#include "bench.h"

#include <stdlib.h>

enum { OPS, THREADS, WAVES, SEED, PARAMETERS };
enum { SLOTS = 256, LEAST_BYTES = 16, MOST_BYTES = 256 };

static struct bench_parameter p[PARAMETERS] = {
    {"ops", 4000000, 1, UINT64_MAX},
    {"threads", 64, 1, 4096},
    {"waves", 30, 1, 1000000},
    {"seed", 1234567, 1, UINT64_MAX},
};
static uint64_t wave;

static uint64_t ops_per_life(void)
{
    uint64_t ops = p[OPS].value / p[THREADS].value / p[WAVES].value;
    return ops ? ops : 1;
}

static void live(size_t index)
{
    void *slot[SLOTS] = {NULL};
    uint64_t random = bench_random_fork(p[SEED].value, wave * p[THREADS].value + index);
    for (uint64_t n = ops_per_life(); n > 0; n--) {
        uint64_t word = bench_random(&random);
        void **place = &slot[word % SLOTS];
        if (*place) {
            free(*place);
            *place = NULL;
        } else {
            size_t size = bench_between(word, LEAST_BYTES, MOST_BYTES);
            *place = bench_touch(malloc(size), size);
        }
    }
    for (size_t i = 0; i < SLOTS; i++)
        free(slot[i]);
}

int main(int argc, char **argv)
{
    bench_parameters_read(argc, argv, p, PARAMETERS);
    uint64_t start = bench_now_ns();
    for (wave = 0; wave < p[WAVES].value; wave++)
        bench_threads_run(p[THREADS].value, live);
    uint64_t elapsed = bench_now_ns() - start;

    bench_report("many_threads", p, PARAMETERS, ops_per_life() * p[THREADS].value * p[WAVES].value, elapsed);
    return 0;
}
