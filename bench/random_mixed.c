/* random_mixed.c - the seed benchmark: random mallocs and frees of 16..1039 bytes, and a full report.
 *
 * It is not linked to HAKMEM and measures whatever malloc the process has. The timed run has
 * nothing in it but the loop; system calls are counted in a second, traced run of the program.
 */
#define _GNU_SOURCE 1

#include <stdlib.h>

#define SEED_MALLOC(size) malloc(size)
#define SEED_KEEP(block, size) ((uintptr_t)(block))
#define SEED_FREE(kept) free((void *)(kept))

#include "seed_loop.h"

#include "common_counters.h"
#include "common_trace.h"
#include "hakmem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern bool hakmem_stats_read(struct hakmem_stats *stats, size_t size) __attribute__((weak));

enum { FAULT_PROBE_PAGES = 512 };

struct reading {
    uint64_t faults;
    struct hakmem_stats stats;
};

struct run {
    uint64_t operations;
    uint64_t mallocs;
    uint64_t elapsed_ns;
    struct reading before, after;
    struct bench_counters counters;
};

static void reading_take(struct reading *reading)
{
    memset(reading, 0, sizeof *reading);
    if (hakmem_stats_read)
        hakmem_stats_read(&reading->stats, sizeof reading->stats);
    reading->faults = bench_page_faults();
}

static uint64_t loop_time(uintptr_t *slots, const struct bench_parameter *p)
{
    uint64_t start = bench_now_ns();
    seed_loop(slots, p[SEED_SLOTS].value, p[SEED_OPS].value, p[SEED_SEED].value);
    return bench_now_ns() - start;
}

static void rate_print(const char *what, uint64_t hits, uint64_t of, const char *unit)
{
    if (of == 0)
        bench_print("  %-18s none asked for\n", what);
    else
        bench_print("  %-18s %.2f %% of %llu %s\n", what, 100.0 * (double)hits / (double)of,
                    (unsigned long long)of, unit);
}

static void hakmem_print(const struct run *run)
{
    const struct hakmem_stats *before = &run->before.stats, *after = &run->after.stats;
    uint64_t refills = after->refills - before->refills;
    uint64_t lru_hits = after->lru_hits - before->lru_hits;
    uint64_t lru_misses = after->lru_misses - before->lru_misses;
    uint64_t hits = run->mallocs > refills ? run->mallocs - refills : 0;
    bench_print("Hit rates in the loop\n");
    rate_print("FastCache", hits, run->mallocs, "mallocs");
    rate_print("SuperSlab LRU", lru_hits, lru_hits + lru_misses, "requests");
    bench_print("SuperSlabs mapped: %llu\n", (unsigned long long)after->superslabs);
}

/* What a page fault costs here, in nanoseconds: fresh pages, touched in order. */
static double fault_cost_ns(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes = FAULT_PROBE_PAGES * page;
    char *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return 0;
    madvise(pages, bytes, MADV_NOHUGEPAGE);
    uint64_t start = bench_now_ns();
    for (size_t i = 0; i < bytes; i += page)
        ((volatile char *)pages)[i] = 1;
    uint64_t elapsed = bench_now_ns() - start;
    munmap(pages, bytes);
    return (double)elapsed / FAULT_PROBE_PAGES;
}

struct cost {
    double ns;
    char text[128];
};

static int compare_cost(const void *a, const void *b)
{
    double x = ((const struct cost *)a)->ns, y = ((const struct cost *)b)->ns;
    return (x < y) - (x > y);
}

static void ranking_print(const struct run *run, const struct bench_trace *trace)
{
    double total_ns = (double)run->elapsed_ns, fault_ns = fault_cost_ns();
    uint64_t faults = run->after.faults - run->before.faults;
    struct cost cost[3] = {{0, ""}, {0, ""}, {0, ""}};
    cost[1].ns = (double)faults * fault_ns;
    snprintf(cost[1].text, sizeof cost[1].text, "%llu page faults, at the %.2f us of one here",
             (unsigned long long)faults, fault_ns / 1e3);
    cost[2].ns = trace ? (double)bench_calls_ns(&trace->loop) : 0;
    if (trace)
        snprintf(cost[2].text, sizeof cost[2].text, "%llu system calls, as traced",
                 (unsigned long long)bench_calls_count(&trace->loop));
    else
        snprintf(cost[2].text, sizeof cost[2].text, "system calls: not available here");
    cost[0].ns = total_ns > cost[1].ns + cost[2].ns ? total_ns - cost[1].ns - cost[2].ns : 0;
    snprintf(cost[0].text, sizeof cost[0].text,
             "code: the allocator's and the loop's own (the rest of the time)");
    qsort(cost, 3, sizeof cost[0], compare_cost);
    bench_print("What costs most\n");
    for (int i = 0; i < 3; i++)
        bench_print("  %d. %5.1f %%  %9.3f ms  %s\n", i + 1, 100 * cost[i].ns / total_ns, cost[i].ns / 1e6,
                    cost[i].text);
}

static void report_print(char **argv, const struct bench_parameter *p, const struct run *run)
{
    static struct bench_trace trace;
    bench_print_allocator();
    bench_print_throughput("", p, SEED_PARAMETERS, run->operations, run->elapsed_ns);
    bench_print("Page faults: %llu in the loop, %llu in the process\n",
                (unsigned long long)(run->after.faults - run->before.faults),
                (unsigned long long)bench_page_faults());
    bench_print("Peak RSS: %llu KiB\n", (unsigned long long)bench_peak_rss_kib());
    bench_counters_print(&run->counters, run->operations);
    if (hakmem_stats_read)
        hakmem_print(run);
    bool traced = bench_trace_self(argv, &trace);
    if (traced)
        bench_trace_print(&trace);
    else
        bench_print("System calls: not available here (tracing: %s)\n", strerror(errno));
    ranking_print(run, traced ? &trace : NULL);
}

/* Only the loop and the throughput line; with the loop's marks when this is the traced run. */
static void run_quietly(uintptr_t *slots, const struct bench_parameter *p)
{
    bool traced = bench_is_traced();
    if (traced) {
        bench_trace_calibrate();
        bench_trace_mark(MARK_LOOP_BEGIN);
    }
    uint64_t elapsed_ns = loop_time(slots, p);
    if (traced)
        bench_trace_mark(MARK_LOOP_END);
    bench_print_throughput("", p, SEED_PARAMETERS, p[SEED_OPS].value, elapsed_ns);
}

int main(int argc, char **argv)
{
    struct bench_parameter p[] = SEED_PARAMETERS_DEFAULT;
    static struct run run;

    bench_parameters_read(argc, argv, p, SEED_PARAMETERS);
    uintptr_t *slots = bench_pages(p[SEED_SLOTS].value * sizeof *slots);
    if (bench_quiet()) {
        run_quietly(slots, p);
        return 0;
    }
    run.operations = p[SEED_OPS].value;
    bench_counters_open(&run.counters);
    reading_take(&run.before);
    bench_counters_start(&run.counters);
    run.elapsed_ns = loop_time(slots, p);
    bench_counters_stop(&run.counters);
    reading_take(&run.after);
    run.mallocs = seed_mallocs(slots, p[SEED_SLOTS].value, run.operations);
    report_print(argv, p, &run);
    return 0;
}
