/* common_counters.c - perf_event_open for the benchmark programs. */
#define _GNU_SOURCE 1

#include "common_counters.h"

#include "bench.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
    const char *name;
    uint64_t config;
} event[COUNTERS] = {
    [COUNTER_CYCLES] = {"cycles", PERF_COUNT_HW_CPU_CYCLES},
    [COUNTER_INSTRUCTIONS] = {"instructions", PERF_COUNT_HW_INSTRUCTIONS},
    [COUNTER_BRANCHES] = {"branches", PERF_COUNT_HW_BRANCH_INSTRUCTIONS},
    [COUNTER_BRANCH_MISSES] = {"branch misses", PERF_COUNT_HW_BRANCH_MISSES},
    [COUNTER_CACHE_REFERENCES] = {"cache references", PERF_COUNT_HW_CACHE_REFERENCES},
    [COUNTER_CACHE_MISSES] = {"cache misses", PERF_COUNT_HW_CACHE_MISSES},
};

static int event_open(uint64_t config)
{
    struct perf_event_attr attributes;
    memset(&attributes, 0, sizeof attributes);
    attributes.size = sizeof attributes;
    attributes.type = PERF_TYPE_HARDWARE;
    attributes.config = config;
    attributes.disabled = 1;
    attributes.exclude_kernel = 1;
    attributes.exclude_hv = 1;
    attributes.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

void bench_counters_open(struct bench_counters *counters)
{
    counters->error = 0;
    for (int i = 0; i < COUNTERS; i++) {
        counters->value[i] = 0;
        counters->fd[i] = event_open(event[i].config);
        if (counters->fd[i] < 0 && !counters->error)
            counters->error = errno;
    }
}

void bench_counters_start(struct bench_counters *counters)
{
    for (int i = 0; i < COUNTERS; i++)
        if (counters->fd[i] >= 0)
            ioctl(counters->fd[i], PERF_EVENT_IOC_ENABLE, 0);
}

void bench_counters_stop(struct bench_counters *counters)
{
    for (int i = 0; i < COUNTERS; i++)
        if (counters->fd[i] >= 0)
            ioctl(counters->fd[i], PERF_EVENT_IOC_DISABLE, 0);
    for (int i = 0; i < COUNTERS; i++) {
        struct {
            uint64_t value, enabled_ns, running_ns;
        } reading;
        if (counters->fd[i] < 0)
            continue;
        if (read(counters->fd[i], &reading, sizeof reading) == (ssize_t)sizeof reading &&
            reading.running_ns > 0)
            counters->value[i] = (double)reading.value * (double)reading.enabled_ns /
                                 (double)reading.running_ns;
        close(counters->fd[i]);
    }
}

static const char *refusal_text(int error)
{
    switch (error) {
    case ENOENT:
    case ENODEV:
    case EOPNOTSUPP: return "this machine, often a virtual one, has none";
    case EACCES:
    case EPERM: return "not permitted; see /proc/sys/kernel/perf_event_paranoid";
    case ENOSYS: return "the kernel lacks perf_event_open";
    default: return strerror(error);
    }
}

static void rate_print(const struct bench_counters *counters, const char *what, int of, int over)
{
    if (counters->value[of] > 0 && counters->value[over] > 0)
        bench_print("  %-18s %15.2f\n", what, counters->value[of] / counters->value[over]);
}

void bench_counters_print(const struct bench_counters *counters, uint64_t operations)
{
    bool any = false;
    for (int i = 0; i < COUNTERS; i++)
        any |= counters->value[i] > 0;
    if (!any) {
        bench_print("Hardware counters: not available here (%s)\n",
                    counters->error ? refusal_text(counters->error) : "they never ran");
        return;
    }
    bench_print("Hardware counters (the loop, user mode)     an operation\n");
    for (int i = 0; i < COUNTERS; i++) {
        if (counters->fd[i] < 0)
            bench_print("  %-18s   not available here\n", event[i].name);
        else
            bench_print("  %-18s %15.0f %15.2f\n", event[i].name, counters->value[i],
                        counters->value[i] / (double)operations);
    }
    rate_print(counters, "instr. a cycle", COUNTER_INSTRUCTIONS, COUNTER_CYCLES);
    rate_print(counters, "branch miss rate", COUNTER_BRANCH_MISSES, COUNTER_BRANCHES);
    rate_print(counters, "cache miss rate", COUNTER_CACHE_MISSES, COUNTER_CACHE_REFERENCES);
}
