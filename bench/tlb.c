/* tlb.c - random reads over a large heap: what huge pages under it gain.
 *
 * Blocks of 64..4096 bytes are linked in random order and walked, each read waiting for the one before
 * it, so that the time is that of a read which misses the caches and the TLB. Operations: reads.
 */
#define _GNU_SOURCE 1

#include "bench.h"
#include "common_memory.h"

#include <stdlib.h>

enum { READS, MEGABYTES, IDLE_MS, SEED, PARAMETERS };
enum { LEAST_BYTES = 64, MOST_BYTES = 4096 };

static struct bench_parameter p[PARAMETERS] = {
    {"reads", 20000000, 1, UINT64_MAX},
    {"megabytes", 1024, 1, 1u << 20},
    {"idle_ms", 0, 0, 3600000}, /* before the reads: the allocator may join pages by then */
    {"seed", 1234567, 1, UINT64_MAX},
};

struct node {
    struct node *next;
};

static size_t block_size(size_t index)
{
    return bench_between(bench_random_fork(p[SEED].value, index), LEAST_BYTES, MOST_BYTES);
}

static size_t blocks_count(uint64_t bytes)
{
    size_t count = 0;
    for (uint64_t sum = 0; sum < bytes; count++)
        sum += block_size(count);
    return count;
}

static void shuffle(struct node **node, size_t count)
{
    uint64_t random = p[SEED].value;
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)(bench_random(&random) % i);
        struct node *kept = node[i - 1];
        node[i - 1] = node[other];
        node[other] = kept;
    }
}

/* All blocks in one ring, in random order. */
static struct node *ring_make(size_t count)
{
    struct node **node = bench_pages(count * sizeof *node);
    for (size_t i = 0; i < count; i++) {
        size_t size = block_size(i);
        node[i] = bench_fill(malloc(size), size);
    }
    shuffle(node, count);
    for (size_t i = 0; i < count; i++)
        node[i]->next = node[(i + 1) % count];
    return node[0];
}

int main(int argc, char **argv)
{
    bench_parameters_read(argc, argv, p, PARAMETERS);
    uint64_t baseline = bench_rss_bytes(), bytes = p[MEGABYTES].value << 20;
    size_t blocks = blocks_count(bytes);
    struct node *volatile walked = ring_make(blocks);
    bench_sleep_ms(p[IDLE_MS].value);

    struct node *node = walked;
    uint64_t start = bench_now_ns();
    for (uint64_t i = 0; i < p[READS].value; i++)
        node = node->next;
    uint64_t elapsed = bench_now_ns() - start;
    walked = node;

    uint64_t peak = bench_rss_above(bench_rss_bytes(), baseline + blocks * sizeof node);
    bench_report("tlb", p, PARAMETERS, p[READS].value, elapsed);
    bench_print("Read = %.1f ns\n", (double)elapsed / (double)p[READS].value);
    bench_print_memory("Peak", peak);
    bench_print("Huge pages = %llu KiB, %.1f %% of it\n",
                (unsigned long long)bench_proc_kib("/proc/self/smaps_rollup", "AnonHugePages:"),
                peak ? 102400 * (double)bench_proc_kib("/proc/self/smaps_rollup", "AnonHugePages:") /
                           (double)peak
                     : 0);
    return 0;
}
