/* latency.c - how long single calls of malloc and free take, and the slowest of them.
 *
 * Blocks are replaced at random: most are of 16..1024 bytes, one in 64 of up to 32 KiB, one in 4096 of
 * up to 1 MiB. Every call is timed alone; the readings of the clock are in the figures, and what two
 * in a row say is printed too. Operations: mallocs and frees.
 */
#define _GNU_SOURCE 1

#include "bench.h"
#include "common_histogram.h"

#include <stdlib.h>

enum { OPS, THREADS, SLOTS, SEED, PARAMETERS };
enum { MOST_THREADS = 256, SMALL_BYTES = 1024, MEDIUM_BYTES = 32 << 10, LARGE_BYTES = 1 << 20 };

static struct bench_parameter p[PARAMETERS] = {
    {"ops", 10000000, 1, UINT64_MAX},
    {"threads", 1, 1, MOST_THREADS},
    {"slots", 4096, 1, 1u << 24},
    {"seed", 1234567, 1, UINT64_MAX},
};

struct worker {
    char **slot;
    struct bench_histogram mallocs, frees, machine;
};
static struct worker *workers;

static size_t size_draw(uint64_t word)
{
    size_t most = word & 63 ? SMALL_BYTES : word & 4032 ? MEDIUM_BYTES : LARGE_BYTES;
    return bench_between(word, 16, most);
}

static void replace(struct worker *worker, char **slot, size_t size)
{
    uint64_t first = bench_now_ns(), second = bench_now_ns();
    free(*slot);
    uint64_t freed = bench_now_ns();
    char *block = malloc(size);
    uint64_t allocated = bench_now_ns();
    bench_histogram_count(&worker->machine, second - first);
    bench_histogram_count(&worker->frees, freed - second);
    bench_histogram_count(&worker->mallocs, allocated - freed);
    *slot = bench_touch(block, size);
}

static void thread_body(size_t index)
{
    uint64_t random = bench_random_fork(p[SEED].value, index), slots = p[SLOTS].value;
    uint64_t replacements = (p[OPS].value + 2 * p[THREADS].value - 1) / (2 * p[THREADS].value);
    struct worker *worker = &workers[index];
    for (uint64_t i = 0; i < replacements; i++) {
        char **slot = &worker->slot[bench_between(bench_random(&random), 0, slots - 1)];
        replace(worker, slot, size_draw(bench_random(&random)));
    }
}

int main(int argc, char **argv)
{
    bench_parameters_read(argc, argv, p, PARAMETERS);
    size_t threads = p[THREADS].value;
    workers = bench_pages(threads * sizeof *workers);
    for (size_t i = 0; i < threads; i++)
        workers[i].slot = bench_pages(p[SLOTS].value * sizeof(char *));
    uint64_t start = bench_now_ns();
    bench_threads_run(threads, thread_body);
    uint64_t elapsed = bench_now_ns() - start;

    for (size_t i = 1; i < threads; i++) {
        bench_histogram_add(&workers[0].mallocs, &workers[i].mallocs);
        bench_histogram_add(&workers[0].frees, &workers[i].frees);
        bench_histogram_add(&workers[0].machine, &workers[i].machine);
    }
    bench_report("latency", p, PARAMETERS, 2 * workers[0].mallocs.total, elapsed);
    bench_print_histogram("malloc", &workers[0].mallocs);
    bench_print_histogram("free", &workers[0].frees);
    bench_print_histogram("Machine alone", &workers[0].machine);
    return 0;
}
