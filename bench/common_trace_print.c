/* common_trace_print.c - names of system calls, and the table of a traced run. */
#define _GNU_SOURCE 1

#include "bench.h"
#include "common_trace.h"

#include <stdio.h>
#include <sys/syscall.h>

/* The calls that an allocator, a C library's start or a benchmark makes, and a few more. */
static const char *const call_name[TRACE_CALLS_MOST] = {
    [SYS_brk] = "brk",
    [SYS_mmap] = "mmap",
    [SYS_munmap] = "munmap",
    [SYS_mremap] = "mremap",
    [SYS_mprotect] = "mprotect",
    [SYS_madvise] = "madvise",
    [SYS_mincore] = "mincore",
    [SYS_membarrier] = "membarrier",
    [SYS_prctl] = "prctl",
    [SYS_read] = "read",
    [SYS_write] = "write",
    [SYS_openat] = "openat",
    [SYS_close] = "close",
    [SYS_lseek] = "lseek",
    [SYS_pread64] = "pread64",
    [SYS_fstat] = "fstat",
    [SYS_newfstatat] = "newfstatat",
    [SYS_readlinkat] = "readlinkat",
    [SYS_faccessat] = "faccessat",
    [SYS_futex] = "futex",
    [SYS_rseq] = "rseq",
    [SYS_set_tid_address] = "set_tid_address",
    [SYS_set_robust_list] = "set_robust_list",
    [SYS_gettid] = "gettid",
    [SYS_getpid] = "getpid",
    [SYS_getcpu] = "getcpu",
    [SYS_getrandom] = "getrandom",
    [SYS_getrusage] = "getrusage",
    [SYS_prlimit64] = "prlimit64",
    [SYS_sched_getaffinity] = "sched_getaffinity",
    [SYS_sched_yield] = "sched_yield",
    [SYS_clock_gettime] = "clock_gettime",
    [SYS_nanosleep] = "nanosleep",
    [SYS_rt_sigaction] = "rt_sigaction",
    [SYS_rt_sigprocmask] = "rt_sigprocmask",
    [SYS_sysinfo] = "sysinfo",
    [SYS_uname] = "uname",
    [SYS_clone] = "clone",
    [SYS_clone3] = "clone3",
    [SYS_execve] = "execve",
    [SYS_exit] = "exit",
    [SYS_exit_group] = "exit_group",
#ifdef __x86_64__
    [SYS_open] = "open",
    [SYS_access] = "access",
    [SYS_stat] = "stat",
    [SYS_readlink] = "readlink",
    [SYS_arch_prctl] = "arch_prctl",
#endif
};

const char *bench_call_name(unsigned number)
{
    return number < TRACE_CALLS_MOST ? call_name[number] : NULL;
}

uint64_t bench_calls_count(const struct bench_calls *calls)
{
    uint64_t sum = 0;
    for (int i = 0; i < TRACE_CALLS_MOST; i++)
        sum += calls->count[i];
    return sum;
}

uint64_t bench_calls_ns(const struct bench_calls *calls)
{
    uint64_t sum = 0;
    for (int i = 0; i < TRACE_CALLS_MOST; i++)
        sum += calls->ns[i];
    return sum;
}

static void row_print(const char *name, const struct bench_trace *trace, unsigned number)
{
    bench_print("  %-18s %8llu %11.1f %10llu %11.1f\n", name, (unsigned long long)trace->loop.count[number],
                (double)trace->loop.ns[number] / 1e3, (unsigned long long)trace->process.count[number],
                (double)trace->process.ns[number] / 1e3);
}

/* The call with the most calls in the process among those not yet printed; -1 when none is left. */
static int next_to_print(const struct bench_trace *trace, const bool *printed)
{
    int best = -1;
    for (int i = 0; i < TRACE_CALLS_MOST; i++)
        if (trace->process.count[i] && !printed[i] &&
            (best < 0 || trace->process.count[i] > trace->process.count[best]))
            best = i;
    return best;
}

void bench_trace_print(const struct bench_trace *trace)
{
    bool printed[TRACE_CALLS_MOST] = {false};
    int number;
    bench_print("System calls        in the loop    time us    process     time us"
                "   (another run, traced)\n");
    while ((number = next_to_print(trace, printed)) >= 0) {
        char unnamed[32];
        const char *name = bench_call_name((unsigned)number);
        snprintf(unnamed, sizeof unnamed, "number %d", number);
        row_print(name ? name : unnamed, trace, (unsigned)number);
        printed[number] = true;
    }
    bench_print(
        "  %-18s %8llu %11.1f %10llu %11.1f\n", "total", (unsigned long long)bench_calls_count(&trace->loop),
        (double)bench_calls_ns(&trace->loop) / 1e3, (unsigned long long)bench_calls_count(&trace->process),
        (double)bench_calls_ns(&trace->process) / 1e3);
    bench_print("  (the tracing's own %.1f us a call are subtracted)\n", (double)trace->tracing_ns / 1e3);
}
