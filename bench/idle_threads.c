/* idle_threads.c - what a sleeping thread that holds a little memory costs.
 *
 * Child processes read their own RSS, from the kernel's exact count, once all their threads sleep:
 * one whose threads hold 1 KiB each in blocks of 16..128 bytes, one with the same threads holding
 * nothing, one without threads. Printed are the differences, a thread: over the process without
 * threads, which has the threads' stacks in it, and over threads that hold nothing, which hides
 * what an allocator takes for every thread that starts. Operations: mallocs of the holders.
 */
#define _GNU_SOURCE 1

#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS, HELD_BYTES, SEED, PARAMETERS };
enum { LEAST_BYTES = 16, MOST_BYTES = 128, STACK_BYTES = 64 * 1024 };

static struct bench_parameter p[PARAMETERS] = {
    {"threads", 500, 1, 100000},
    {"bytes", 1024, 0, 1u << 30},
    {"seed", 1234567, 1, UINT64_MAX},
};
static pthread_barrier_t all_sleep;
static bool holding;

struct answer {
    uint64_t rss_kib;
    uint64_t elapsed_ns;
    uint64_t mallocs;
};
static uint64_t mallocs; /* [atomic, relaxed] */

static void hold(uint64_t random)
{
    uint64_t count = 0;
    for (size_t left = p[HELD_BYTES].value; left >= LEAST_BYTES; count++) {
        size_t size = bench_between(bench_random(&random), LEAST_BYTES, MOST_BYTES);
        size = size < left ? size : left;
        bench_touch(malloc(size), size);
        left -= size;
    }
    __atomic_fetch_add(&mallocs, count, __ATOMIC_RELAXED);
}

static void *idle_main(void *argument)
{
    if (holding)
        hold(bench_random_fork(p[SEED].value, (uintptr_t)argument));
    pthread_barrier_wait(&all_sleep);
    pause();
    return NULL;
}

static void threads_start(size_t threads)
{
    pthread_attr_t attributes;
    pthread_t id;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    for (uintptr_t i = 0; i < threads; i++) {
        errno = pthread_create(&id, &attributes, idle_main, (void *)i);
        if (errno)
            bench_fail("a thread cannot be started");
    }
}

static uint64_t rss_kib(void)
{
    uint64_t exact = bench_proc_kib("/proc/self/smaps_rollup", "Rss:");
    return exact ? exact : bench_proc_kib("/proc/self/status", "VmRSS:");
}

static __attribute__((noreturn)) void child_run(int answer_fd, size_t threads)
{
    struct answer answer;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    uint64_t start = bench_now_ns();
    pthread_barrier_init(&all_sleep, NULL, (unsigned)threads + 1);
    threads_start(threads);
    pthread_barrier_wait(&all_sleep);
    answer.elapsed_ns = bench_now_ns() - start;
    answer.rss_kib = rss_kib();
    answer.mallocs = mallocs;
    bool sent = write(answer_fd, &answer, sizeof answer) == (ssize_t)sizeof answer;
    _exit(sent ? 0 : 1);
}

static struct answer measure(size_t threads, bool hold_blocks)
{
    struct answer answer = {0, 0, 0};
    int ends[2], status;
    if (pipe(ends) != 0)
        bench_fail("no pipe");
    holding = hold_blocks;
    pid_t child = fork();
    if (child < 0)
        bench_fail("no child process");
    if (child == 0)
        child_run(ends[1], threads);
    close(ends[1]);
    ssize_t got = read(ends[0], &answer, sizeof answer);
    close(ends[0]);
    if (waitpid(child, &status, 0) != child || status != 0 || got != (ssize_t)sizeof answer)
        bench_fail("the child process did not answer");
    return answer;
}

static double a_thread(const struct answer *more, const struct answer *less)
{
    return ((double)more->rss_kib - (double)less->rss_kib) / (double)p[THREADS].value;
}

int main(int argc, char **argv)
{
    bench_parameters_read(argc, argv, p, PARAMETERS);
    size_t threads = p[THREADS].value;
    struct answer bare = measure(0, false), empty = measure(threads, false);
    struct answer full = measure(threads, true);

    bench_report("idle_threads", p, PARAMETERS, full.mallocs, full.elapsed_ns);
    bench_print("Memory = %.2f KiB/thread over the process without threads, "
                "%.2f over threads that hold nothing\n",
                a_thread(&full, &bare), a_thread(&full, &empty));
    return 0;
}
