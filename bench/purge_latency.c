/* purge_latency.c - whether giving much memory back delays anybody's calls.
 *
 * One thread frees many dirtied blocks; another replaces small blocks without pause, and times every
 * pair of a free and a malloc, from the start of the frees until `seconds` after their end. Each pair
 * is preceded by a reading of the clock twice in a row: what lies between those is the machine's own
 * doing (interrupts, other programs), which the pairs suffer too. Nothing is subtracted, but the worst
 * pair during which no other thread took the processor away is said besides: it was not the scheduler.
 * The frees are timed as well. RSS is read in the way that takes no lock of the process's memory map.
 */
#define _GNU_SOURCE 1

#include "bench.h"
#include "common_histogram.h"
#include "common_memory.h"

#include <stdlib.h>
#include <sys/resource.h>

enum { MEGABYTES, SECONDS, BLOCK_KIB, SEED, PARAMETERS };
enum { SLOTS = 1024, LEAST_BYTES = 16, MOST_BYTES = 1024, MEDIUM_BYTES = 100000, MEDIUM_ONE_IN = 1024 };
enum { SLOW_NS = 50000, PREEMPTIONS_EVERY = 256 };

static struct bench_parameter p[PARAMETERS] = {
    {"megabytes", 1024, 1, 1u << 20},
    {"seconds", 5, 0, 3600},
    {"block_kib", 64, 1, 1u << 20},
    {"seed", 1234567, 1, UINT64_MAX},
};
static char **block;
static size_t blocks;
static bool over;                                       /* [atomic] the time to measure */
static struct bench_histogram *pairs, *machine, *frees; /* one writer each */
static uint64_t freed_rss, after_rss;
static long preemptions;         /* of the thread that measures, as last read */
static uint64_t most_running_ns; /* of a pair that was not preempted */

/* Whether this thread was preempted since it last asked. */
static bool preempted(void)
{
    struct rusage usage;
    long before = preemptions;
    getrusage(RUSAGE_THREAD, &usage);
    preemptions = usage.ru_nivcsw;
    return preemptions != before;
}

static void pair_count(uint64_t ns)
{
    bench_histogram_count(pairs, ns);
    bool slow = ns >= SLOW_NS, asked = slow || pairs->total % PREEMPTIONS_EVERY == 0;
    bool excused = asked && preempted() && slow;
    if (!excused && ns > most_running_ns)
        most_running_ns = ns;
}

static void pair_time(char **slot, size_t size)
{
    uint64_t before = bench_now_ns(), start = bench_now_ns();
    free(*slot);
    *slot = bench_touch(malloc(size), size);
    uint64_t end = bench_now_ns();
    bench_histogram_count(machine, start - before);
    pair_count(end - start);
}

static void pairs_measure(void)
{
    static char *slot[SLOTS];
    uint64_t random = p[SEED].value;
    while (!__atomic_load_n(&over, __ATOMIC_ACQUIRE)) {
        uint64_t word = bench_random(&random);
        size_t size = bench_between(word, LEAST_BYTES, MOST_BYTES);
        pair_time(&slot[word % SLOTS], word >> 11 & (MEDIUM_ONE_IN - 1) ? size : MEDIUM_BYTES);
    }
}

static void blocks_free(void)
{
    for (size_t i = 0; i < blocks; i++) {
        uint64_t start = bench_now_ns();
        free(block[i]);
        bench_histogram_count(frees, bench_now_ns() - start);
    }
    freed_rss = bench_rss_quick_bytes();
    bench_sleep_ms(p[SECONDS].value * 1000);
    after_rss = bench_rss_quick_bytes();
    __atomic_store_n(&over, true, __ATOMIC_RELEASE);
}

static void thread_body(size_t index)
{
    if (index == 0)
        pairs_measure();
    else
        blocks_free();
}

int main(int argc, char **argv)
{
    bench_parameters_read(argc, argv, p, PARAMETERS);
    size_t block_bytes = p[BLOCK_KIB].value << 10;
    blocks = (p[MEGABYTES].value << 20) / block_bytes;
    block = bench_pages(blocks * sizeof *block);
    pairs = bench_pages(3 * sizeof *pairs);
    machine = pairs + 1;
    frees = pairs + 2;
    uint64_t baseline = bench_rss_bytes();
    for (size_t i = 0; i < blocks; i++)
        block[i] = bench_fill(malloc(block_bytes), block_bytes);
    uint64_t peak = bench_rss_bytes(), start = bench_now_ns();
    bench_threads_run(2, thread_body);

    bench_report("purge_latency", p, PARAMETERS, blocks + 2 * pairs->total, bench_now_ns() - start);
    bench_print_histogram("Pairs", pairs);
    bench_print("Worst pair that kept its processor = %.3f ms\n", (double)most_running_ns / 1e6);
    bench_print_histogram("Machine alone", machine);
    bench_print_histogram("Frees", frees);
    bench_print_memory("Peak", bench_rss_above(peak, baseline));
    bench_print_memory("After free", bench_rss_above(freed_rss, baseline));
    bench_print_memory("After idle", bench_rss_above(after_rss, baseline));
    return 0;
}
