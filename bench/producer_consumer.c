/* producer_consumer.c - blocks that one thread allocates and another frees, handed over in batches.
 *
 * Each pair has a ring of batches under a lock; the lock is taken once per batch, so what is measured
 * is how blocks find their way back to the thread that allocates. Operations: mallocs and frees.
 */
#define _GNU_SOURCE 1

#include "bench.h"

#include <pthread.h>
#include <stdlib.h>

enum { BLOCKS, PAIRS, BATCH, SEED, PARAMETERS };
enum { RING_BATCHES = 16, BATCH_MOST = 1024, LEAST_BYTES = 16, MOST_BYTES = 512 };

struct batch {
    void *block[BATCH_MOST];
};

struct pair {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t produced; /* [lock] batches put in, and */
    uint64_t consumed; /* [lock] batches taken out; produced - consumed <= RING_BATCHES */
    struct batch *ring;
};

static struct bench_parameter p[PARAMETERS] = {
    {"blocks", 4000000, 1, UINT64_MAX},
    {"pairs", 2, 1, 256},
    {"batch", 256, 1, BATCH_MOST},
    {"seed", 1234567, 1, UINT64_MAX},
};
static struct pair pairs[256];

static uint64_t batches_per_pair(void)
{
    uint64_t batches = p[BLOCKS].value / (p[PAIRS].value * p[BATCH].value);
    return batches ? batches : 1;
}

/* The ring's next batch, once fewer than RING_BATCHES wait in it. */
static struct batch *produce_begin(struct pair *pair)
{
    pthread_mutex_lock(&pair->lock);
    while (pair->produced - pair->consumed == RING_BATCHES)
        pthread_cond_wait(&pair->changed, &pair->lock);
    struct batch *batch = &pair->ring[pair->produced % RING_BATCHES];
    pthread_mutex_unlock(&pair->lock);
    return batch;
}

static struct batch *consume_begin(struct pair *pair)
{
    pthread_mutex_lock(&pair->lock);
    while (pair->produced == pair->consumed)
        pthread_cond_wait(&pair->changed, &pair->lock);
    struct batch *batch = &pair->ring[pair->consumed % RING_BATCHES];
    pthread_mutex_unlock(&pair->lock);
    return batch;
}

static void batch_done(struct pair *pair, uint64_t *counter)
{
    pthread_mutex_lock(&pair->lock);
    ++*counter;
    pthread_cond_signal(&pair->changed);
    pthread_mutex_unlock(&pair->lock);
}

static void produce(struct pair *pair, uint64_t random)
{
    for (uint64_t n = batches_per_pair(); n > 0; n--) {
        struct batch *batch = produce_begin(pair);
        for (size_t i = 0; i < p[BATCH].value; i++) {
            size_t size = bench_between(bench_random(&random), LEAST_BYTES, MOST_BYTES);
            batch->block[i] = bench_touch(malloc(size), size);
        }
        batch_done(pair, &pair->produced);
    }
}

static void consume(struct pair *pair)
{
    for (uint64_t n = batches_per_pair(); n > 0; n--) {
        struct batch *batch = consume_begin(pair);
        for (size_t i = 0; i < p[BATCH].value; i++)
            free(batch->block[i]);
        batch_done(pair, &pair->consumed);
    }
}

static void thread_body(size_t index)
{
    struct pair *pair = &pairs[index / 2];
    if (index % 2 == 0)
        produce(pair, bench_random_fork(p[SEED].value, index));
    else
        consume(pair);
}

int main(int argc, char **argv)
{
    bench_parameters_read(argc, argv, p, PARAMETERS);
    for (size_t i = 0; i < p[PAIRS].value; i++) {
        pthread_mutex_init(&pairs[i].lock, NULL);
        pthread_cond_init(&pairs[i].changed, NULL);
        pairs[i].ring = bench_pages(RING_BATCHES * sizeof *pairs[i].ring);
    }
    uint64_t start = bench_now_ns();
    bench_threads_run(2 * p[PAIRS].value, thread_body);
    uint64_t elapsed = bench_now_ns() - start;

    uint64_t blocks = batches_per_pair() * p[PAIRS].value * p[BATCH].value;
    bench_report("producer_consumer", p, PARAMETERS, 2 * blocks, elapsed);
    return 0;
}
