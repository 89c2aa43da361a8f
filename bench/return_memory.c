/* return_memory.c - how much of what is freed goes back to the kernel with no further call.
 *
 * Blocks are allocated, most or all of them are freed, and then nothing calls malloc or free while
 * RSS is read. Scenarios:
 *
 *   random    small blocks; one in `keep` survives, drawn by lot, the others are freed in no order
 *   clusters  the same, but survivors come in clusters of 200 that were allocated in a row
 *   sleeping  four threads allocate small blocks and sleep; another thread frees all of them
 *   large     blocks of 40 KB..3 MB, all freed
 *
 * The bound is what lies on 4 KiB pages where no survivor lies: more than that and what the allocator
 * holds for itself cannot go back.
 */
#define _GNU_SOURCE 1

#include "bench.h"
#include "common_memory.h"
#include "common_pages.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>

enum { MEGABYTES, IDLE_MS, KEEP, SEED, PARAMETERS };
enum { READ_EVERY_MS = 100, MOST_IDLE_MS = 600000, MOST_THREADS = 4, LINE_POINTS = 10 };

static struct bench_parameter p[PARAMETERS] = {
    {"megabytes", 400, 1, 1u << 20},
    {"idle_ms", 10000, 0, MOST_IDLE_MS},
    {"keep", 20, 1, 1u << 30},
    {"seed", 1234567, 1, UINT64_MAX},
};

static const char *const words[] = {"random", "clusters", "sleeping", "large"};
static const struct scenario {
    size_t least_bytes, most_bytes;
    size_t doublings; /* sizes are spread over that many halves of most_bytes; 0: evenly */
    size_t cluster;   /* survivors come in clusters of that many; 0: none survives */
    size_t threads;   /* that allocate and sleep; 0: the main thread allocates */
} scenarios[] = {
    {64, 576, 0, 1, 0},
    {64, 576, 0, 200, 0},
    {64, 576, 0, 0, MOST_THREADS},
    {40000, 3000000, 6, 0, 0},
};
static const struct scenario *chosen;

static char **block; /* the first `freed` are the ones to free, once they are sorted out */
static size_t blocks, freed;
static struct bench_page_set page_set;
static pthread_barrier_t allocate_now, all_allocated, end;

struct outcome {
    uint64_t baseline, peak, after_free, after_idle;
    uint64_t freed_bytes, returnable_bytes;
    size_t readings;
    uint64_t reading[MOST_IDLE_MS / READ_EVERY_MS + 1];
};

static size_t block_size(size_t index)
{
    uint64_t random = bench_random_fork(p[SEED].value, index);
    size_t low = chosen->least_bytes, high = chosen->most_bytes;
    if (chosen->doublings) {
        high >>= bench_between(random << 32, 0, chosen->doublings);
        low = high / 2 > low ? high / 2 : low;
    }
    return bench_between(random, low, high);
}

static size_t blocks_count(uint64_t bytes)
{
    size_t count = 0;
    for (uint64_t sum = 0; sum < bytes; count++)
        sum += block_size(count);
    return count;
}

static void blocks_allocate(size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        size_t size = block_size(i);
        block[i] = bench_fill(malloc(size), size);
    }
}

static void *sleeper_main(void *argument)
{
    size_t index = (uintptr_t)argument;
    pthread_barrier_wait(&allocate_now);
    blocks_allocate(index * blocks / chosen->threads, (index + 1) * blocks / chosen->threads);
    pthread_barrier_wait(&all_allocated);
    pthread_barrier_wait(&end);
    return NULL;
}

static void sleepers_start(void)
{
    pthread_t id;
    pthread_barrier_init(&allocate_now, NULL, (unsigned)chosen->threads + 1);
    pthread_barrier_init(&all_allocated, NULL, (unsigned)chosen->threads + 1);
    pthread_barrier_init(&end, NULL, (unsigned)chosen->threads + 1);
    for (uintptr_t i = 0; i < chosen->threads; i++) {
        errno = pthread_create(&id, NULL, sleeper_main, (void *)i);
        if (errno)
            bench_fail("a thread cannot be started");
    }
}

static void all_allocate(void)
{
    if (chosen->threads == 0) {
        blocks_allocate(0, blocks);
        return;
    }
    pthread_barrier_wait(&allocate_now);
    pthread_barrier_wait(&all_allocated);
}

static bool survives(size_t index)
{
    if (chosen->cluster == 0)
        return false;
    return bench_random_fork(p[SEED].value ^ 0x6b656570u, index / chosen->cluster) % p[KEEP].value == 0;
}

static void swap(size_t a, size_t b)
{
    char *kept = block[a];
    block[a] = block[b];
    block[b] = kept;
}

/* What of the block is resident: large ones have a tail that was never touched. */
static size_t resident_bytes(size_t index)
{
    size_t usable = malloc_usable_size(block[index]);
    size_t touched = (block_size(index) + BENCH_PAGE_BYTES - 1) / BENCH_PAGE_BYTES * BENCH_PAGE_BYTES;
    return usable < touched ? usable : touched;
}

/* Enters all pages, and moves the blocks to be freed to the front, in no order. */
static void survivors_sort_out(struct outcome *outcome)
{
    uint64_t random = p[SEED].value;
    freed = 0;
    for (size_t i = 0; i < blocks; i++) {
        if (survives(i)) {
            bench_page_set_keep(&page_set, block[i], malloc_usable_size(block[i]));
            continue;
        }
        size_t bytes = resident_bytes(i);
        bench_page_set_add(&page_set, block[i], bytes);
        outcome->freed_bytes += bytes;
        swap(i, freed++);
    }
    for (size_t i = freed; i > 1; i--)
        swap(i - 1, (size_t)(bench_random(&random) % i));
    outcome->returnable_bytes = bench_page_set_returnable_bytes(&page_set);
}

static void idle(struct outcome *outcome)
{
    uint64_t start = bench_now_ns();
    for (;;) {
        outcome->reading[outcome->readings++] = bench_rss_quick_bytes();
        uint64_t elapsed_ms = (bench_now_ns() - start) / 1000000;
        uint64_t next_ms = outcome->readings * READ_EVERY_MS;
        if (next_ms > p[IDLE_MS].value)
            return;
        if (next_ms > elapsed_ms)
            bench_sleep_ms(next_ms - elapsed_ms);
    }
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100 * (double)part / (double)whole : 0;
}

static void outcome_print(const struct outcome *outcome)
{
    uint64_t returned = bench_rss_above(outcome->peak, outcome->after_idle);
    bench_print_memory("Peak", bench_rss_above(outcome->peak, outcome->baseline));
    bench_print_memory("After free", bench_rss_above(outcome->after_free, outcome->baseline));
    bench_print_memory("After idle", bench_rss_above(outcome->after_idle, outcome->baseline));
    bench_print("Returned = %.1f %% of the %llu KiB freed\n", percent(returned, outcome->freed_bytes),
                (unsigned long long)(outcome->freed_bytes / 1024));
    bench_print("Bound = %llu KiB on pages without a survivor, %.1f %% of what was freed; returned = %.1f "
                "%% of the bound\n",
                (unsigned long long)(outcome->returnable_bytes / 1024),
                percent(outcome->returnable_bytes, outcome->freed_bytes),
                percent(returned, outcome->returnable_bytes));
}

static void readings_print(const struct outcome *outcome)
{
    size_t step = (outcome->readings + LINE_POINTS - 1) / LINE_POINTS;
    bench_print("RSS while idle, MiB:");
    for (size_t i = 0; i < outcome->readings; i += step)
        bench_print(" %.1f s %.1f%s", (double)(i * READ_EVERY_MS) / 1000,
                    (double)bench_rss_above(outcome->reading[i], outcome->baseline) / (1 << 20),
                    i + step < outcome->readings ? "," : "\n");
}

int main(int argc, char **argv)
{
    static struct outcome outcome;
    chosen = &scenarios[bench_choice_read(&argc, argv, "scenario", words, sizeof words / sizeof words[0])];
    bench_parameters_read(argc, argv, p, PARAMETERS);
    uint64_t bytes = p[MEGABYTES].value << 20;
    blocks = blocks_count(bytes);
    block = bench_pages(blocks * sizeof *block);
    bench_page_set_start(&page_set, bytes + chosen->most_bytes);
    if (!bench_quiet())
        bench_print_allocator();
    sleepers_start();

    outcome.baseline = bench_rss_bytes();
    all_allocate();
    survivors_sort_out(&outcome);
    outcome.peak = bench_rss_bytes();
    for (size_t i = 0; i < freed; i++)
        free(block[i]);
    outcome.after_free = bench_rss_bytes();
    idle(&outcome);
    outcome.after_idle = bench_rss_bytes();

    outcome_print(&outcome);
    if (!bench_quiet())
        readings_print(&outcome);
    return 0;
}
