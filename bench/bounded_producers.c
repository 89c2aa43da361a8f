/* bounded_producers.c - what a bounded live set costs when a thread that only frees does all the frees.
 *
 * Each producer holds its share of the live set and replaces blocks of it at random: the old one goes
 * through the producer's bounded queue to one consumer, which never allocates. The live set, queues
 * included, never exceeds `live_mib`. Peak RSS is read 100 times a second.
 */
#define _GNU_SOURCE 1

#include "bench.h"
#include "common_memory.h"

#include <sched.h>
#include <stdlib.h>

enum { LIVE_MIB, PRODUCERS, BLOCK_BYTES, ROUNDS, SEED, PARAMETERS };
enum { QUEUE_BLOCKS = 512, MOST_PRODUCERS = 256, READ_EVERY_MS = 10, CACHE_LINE = 64 };

static struct bench_parameter p[PARAMETERS] = {
    {"live_mib", 370, 1, 1u << 20},   {"producers", 16, 1, MOST_PRODUCERS}, {"block_bytes", 592, 1, 1u << 20},
    {"rounds", 6, 0, 1000000}, /* how often each block is replaced, on average */
    {"seed", 1234567, 1, UINT64_MAX},
};

/* One producer's blocks, and its queue: sent - freed of it wait. */
struct producer {
    char **block;
    char *queue[QUEUE_BLOCKS];
    _Alignas(CACHE_LINE) uint64_t sent;  /* [atomic] by the producer, released to the consumer */
    _Alignas(CACHE_LINE) uint64_t freed; /* [atomic] by the consumer, released to the producer */
};
static struct producer *producers;
static size_t blocks_each;
static size_t running; /* [atomic] producers that still send, and then the consumer */

static char *block_new(void)
{
    return bench_fill(malloc(p[BLOCK_BYTES].value), p[BLOCK_BYTES].value);
}

static void send(struct producer *producer, char *block)
{
    uint64_t sent = producer->sent;
    while (sent - __atomic_load_n(&producer->freed, __ATOMIC_ACQUIRE) == QUEUE_BLOCKS)
        sched_yield();
    producer->queue[sent % QUEUE_BLOCKS] = block;
    __atomic_store_n(&producer->sent, sent + 1, __ATOMIC_RELEASE);
}

static void produce(struct producer *producer, uint64_t random)
{
    for (size_t i = 0; i < blocks_each; i++)
        producer->block[i] = block_new();
    for (uint64_t left = p[ROUNDS].value * blocks_each; left > 0; left--) {
        char **place = &producer->block[bench_between(bench_random(&random), 0, blocks_each - 1)];
        send(producer, *place);
        *place = block_new();
    }
    __atomic_fetch_sub(&running, 1, __ATOMIC_RELEASE);
}

/* Frees what waits in one queue; false when nothing did. */
static bool queue_drain(struct producer *producer)
{
    uint64_t sent = __atomic_load_n(&producer->sent, __ATOMIC_ACQUIRE), freed = producer->freed;
    if (freed == sent)
        return false;
    for (; freed < sent; freed++)
        free(producer->queue[freed % QUEUE_BLOCKS]);
    __atomic_store_n(&producer->freed, freed, __ATOMIC_RELEASE);
    return true;
}

static void consume(void)
{
    for (;;) {
        bool all_done = __atomic_load_n(&running, __ATOMIC_ACQUIRE) == 1, any = false;
        for (size_t i = 0; i < p[PRODUCERS].value; i++)
            any |= queue_drain(&producers[i]);
        if (!any && all_done)
            break;
        if (!any)
            sched_yield();
    }
    __atomic_fetch_sub(&running, 1, __ATOMIC_RELEASE);
}

/* Thread 0 reads, 1 consumes, the others produce. */
static uint64_t peak_bytes;

static void thread_body(size_t index)
{
    if (index == 1)
        consume();
    else if (index > 1)
        produce(&producers[index - 2], bench_random_fork(p[SEED].value, index));
    while (index == 0 && __atomic_load_n(&running, __ATOMIC_ACQUIRE) > 0) {
        uint64_t now = bench_rss_quick_bytes();
        peak_bytes = now > peak_bytes ? now : peak_bytes;
        bench_sleep_ms(READ_EVERY_MS);
    }
}

static void arrays_make(void)
{
    size_t count = p[PRODUCERS].value;
    uint64_t blocks = (p[LIVE_MIB].value << 20) / p[BLOCK_BYTES].value / count;
    producers = bench_pages(count * sizeof *producers);
    blocks_each = blocks > 2 * QUEUE_BLOCKS ? blocks - QUEUE_BLOCKS : (blocks + 1) / 2;
    for (size_t i = 0; i < count; i++)
        producers[i].block = bench_pages(blocks_each * sizeof *producers[i].block);
    running = count + 1;
}

int main(int argc, char **argv)
{
    bench_parameters_read(argc, argv, p, PARAMETERS);
    arrays_make();
    uint64_t baseline = bench_rss_bytes(), start = bench_now_ns();
    bench_threads_run(p[PRODUCERS].value + 2, thread_body);
    uint64_t elapsed = bench_now_ns() - start;

    uint64_t operations = 2 * p[PRODUCERS].value * blocks_each * (p[ROUNDS].value + 1);
    uint64_t peak = bench_rss_above(peak_bytes, baseline);
    bench_report("bounded_producers", p, PARAMETERS, operations, elapsed);
    bench_print_memory("Peak", peak);
    bench_print("Peak over the live set of %llu MiB = %.3f\n", (unsigned long long)p[LIVE_MIB].value,
                (double)peak / (double)(p[LIVE_MIB].value << 20));
    return 0;
}
