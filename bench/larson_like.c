/* larson_like.c - a server whose threads come and go while their blocks stay.
 *
 * Each thread owns a stretch of a shared array of blocks, replaces blocks in it at random, then
 * starts a thread in its place, which inherits the stretch and frees what it did not allocate. Every
 * eighth operation goes to the whole array, so that blocks also bleed between threads that run.
 * After Larson and Krishnan, "Memory allocation for long-running server applications" (1998).
 * Operations: mallocs and frees.
 */
#define _GNU_SOURCE 1

#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { OPS, THREADS, LIVES, BLOCKS, SEED, PARAMETERS };
enum { LEAST_BYTES = 10, MOST_BYTES = 500, BLEED_MASK = 7 };

static struct bench_parameter p[PARAMETERS] = {
    {"ops", 8000000, 1, UINT64_MAX}, {"threads", 4, 1, 1024},          {"lives", 50, 1, 1000000},
    {"blocks", 1000, 1, 1000000},    {"seed", 1234567, 1, UINT64_MAX},
};
static _Atomic(void *) *shared; /* `blocks` places for each of `threads` threads */
static pthread_mutex_t finished_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t finished_changed = PTHREAD_COND_INITIALIZER;
static uint64_t finished; /* [finished_lock] threads that came to the end of their last life */

struct life {
    size_t thread;
    uint64_t number;
};

static uint64_t replacements_per_life(void)
{
    uint64_t count = p[OPS].value / 2 / p[THREADS].value / p[LIVES].value;
    return count ? count : 1;
}

static void replace(_Atomic(void *) *place, uint64_t random)
{
    size_t size = bench_between(random, LEAST_BYTES, MOST_BYTES);
    void *fresh = bench_touch(malloc(size), size);
    free(atomic_exchange_explicit(place, fresh, memory_order_acq_rel));
}

static void life_live(const struct life *life)
{
    uint64_t random = bench_random_fork(p[SEED].value, life->number * p[THREADS].value + life->thread);
    _Atomic(void *) *own = shared + life->thread * p[BLOCKS].value;
    size_t own_last = p[BLOCKS].value - 1, all_last = p[BLOCKS].value * p[THREADS].value - 1;
    for (uint64_t n = replacements_per_life(); n > 0; n--) {
        uint64_t where = bench_random(&random);
        if (n & BLEED_MASK)
            replace(own + bench_between(where, 0, own_last), bench_random(&random));
        else
            replace(shared + bench_between(where, 0, all_last), bench_random(&random));
    }
}

static void life_start(size_t thread, uint64_t number);

static void *life_main(void *argument)
{
    struct life life = *(struct life *)argument;
    free(argument);
    life_live(&life);
    if (life.number + 1 < p[LIVES].value) {
        life_start(life.thread, life.number + 1);
        return NULL;
    }
    pthread_mutex_lock(&finished_lock);
    finished++;
    pthread_cond_signal(&finished_changed);
    pthread_mutex_unlock(&finished_lock);
    return NULL;
}

static void life_start(size_t thread, uint64_t number)
{
    pthread_t id;
    struct life *life = malloc(sizeof *life);
    if (!life)
        bench_fail("out of memory");
    *life = (struct life){thread, number};
    errno = pthread_create(&id, NULL, life_main, life);
    if (errno)
        bench_fail("a thread cannot be started");
    pthread_detach(id);
}

int main(int argc, char **argv)
{
    bench_parameters_read(argc, argv, p, PARAMETERS);
    shared = bench_pages(p[THREADS].value * p[BLOCKS].value * sizeof *shared);

    uint64_t start = bench_now_ns();
    for (size_t i = 0; i < p[THREADS].value; i++)
        life_start(i, 0);
    pthread_mutex_lock(&finished_lock);
    while (finished < p[THREADS].value)
        pthread_cond_wait(&finished_changed, &finished_lock);
    pthread_mutex_unlock(&finished_lock);
    uint64_t elapsed = bench_now_ns() - start;

    uint64_t replacements = replacements_per_life() * p[LIVES].value * p[THREADS].value;
    bench_report("larson_like", p, PARAMETERS, 2 * replacements, elapsed);
    return 0;
}
