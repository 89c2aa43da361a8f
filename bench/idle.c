/* idle.c - what runs in a process that has nothing to do.
 *
 * The main thread, and if asked some others, allocate a little and keep it; `freed_mib` more is
 * allocated and freed again, and given `settle_ms` to go back. Then all sleep, and what every thread
 * of the process did meanwhile is read from the kernel's own counts: a thread that never ran has no
 * context switch. The main thread, which sleeps and reads, has one or two.
 */
#define _GNU_SOURCE 1

#include "bench.h"
#include "common_memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SLEEP_MS, THREADS, FREED_MIB, SETTLE_MS, SEED, PARAMETERS };
enum { HELD_BLOCKS = 1000, LEAST_BYTES = 16, MOST_BYTES = 1024, ENTRIES_BYTES = 32768 };

static struct bench_parameter p[PARAMETERS] = {
    {"sleep_ms", 3000, 0, 3600000}, {"threads", 0, 0, 1000},          {"freed_mib", 0, 0, 1u << 20},
    {"settle_ms", 0, 0, 3600000},   {"seed", 1234567, 1, UINT64_MAX},
};
static pthread_barrier_t all_hold;

struct activity {
    size_t threads;
    uint64_t main_switches, other_switches;
    uint64_t cpu_ns;
};

/* Blocks stay reachable through each other. */
static void hold(uint64_t random)
{
    static __thread void **last;
    for (int i = 0; i < HELD_BLOCKS; i++) {
        size_t size = bench_between(bench_random(&random), LEAST_BYTES, MOST_BYTES);
        void **block = bench_touch(malloc(size), size);
        *block = last;
        last = block;
    }
}

static void *sleeper_main(void *argument)
{
    hold(bench_random_fork(p[SEED].value, (uintptr_t)argument));
    pthread_barrier_wait(&all_hold);
    for (;;)
        pause();
    return NULL;
}

static void sleepers_start(void)
{
    pthread_t id;
    pthread_barrier_init(&all_hold, NULL, (unsigned)p[THREADS].value + 1);
    for (uintptr_t i = 1; i <= p[THREADS].value; i++)
        if (pthread_create(&id, NULL, sleeper_main, (void *)i) != 0)
            bench_fail("a thread cannot be started");
    pthread_barrier_wait(&all_hold);
}

static void allocate_and_free(uint64_t bytes)
{
    size_t blocks = bytes / MOST_BYTES;
    char **block = bench_pages((blocks + 1) * sizeof *block);
    for (size_t i = 0; i < blocks; i++)
        block[i] = bench_fill(malloc(MOST_BYTES), MOST_BYTES);
    for (size_t i = 0; i < blocks; i++)
        free(block[i]);
}

static uint64_t switches_of(const char *thread)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%.20s/status", thread);
    return bench_proc_kib(path, "\nvoluntary_ctxt_switches:") +
           bench_proc_kib(path, "nonvoluntary_ctxt_switches:");
}

static void thread_count(struct activity *activity, const char *name)
{
    if (name[0] < '0' || name[0] > '9')
        return;
    activity->threads++;
    if (strtol(name, NULL, 10) == getpid())
        activity->main_switches += switches_of(name);
    else
        activity->other_switches += switches_of(name);
}

/* The directory by system calls: opendir would call malloc. */
static void threads_visit(struct activity *activity)
{
    static _Alignas(struct dirent) char entries[ENTRIES_BYTES];
    int directory = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    long length;
    if (directory < 0)
        bench_fail("/proc/self/task");
    while ((length = syscall(SYS_getdents64, directory, entries, sizeof entries)) > 0)
        for (long at = 0; at < length;) {
            struct dirent *entry = (struct dirent *)(void *)(entries + at);
            thread_count(activity, entry->d_name);
            at += entry->d_reclen;
        }
    close(directory);
}

static struct activity activity_read(void)
{
    struct activity activity = {0, 0, 0, 0};
    struct timespec cpu;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    activity.cpu_ns = (uint64_t)cpu.tv_sec * 1000000000u + (uint64_t)cpu.tv_nsec;
    threads_visit(&activity);
    return activity;
}

int main(int argc, char **argv)
{
    bench_parameters_read(argc, argv, p, PARAMETERS);
    if (!bench_quiet())
        bench_print_allocator();
    hold(p[SEED].value);
    sleepers_start();
    allocate_and_free(p[FREED_MIB].value << 20);
    bench_sleep_ms(p[SETTLE_MS].value);

    struct activity before = activity_read();
    bench_sleep_ms(p[SLEEP_MS].value);
    struct activity after = activity_read();

    bench_print("Threads = %zu, %zu of them the program's\n", after.threads, (size_t)p[THREADS].value + 1);
    bench_print("Switches = %llu of other threads, %llu of the main thread\n",
                (unsigned long long)(after.other_switches - before.other_switches),
                (unsigned long long)(after.main_switches - before.main_switches));
    bench_print("CPU = %.1f us in %.3f s\n", (double)(after.cpu_ns - before.cpu_ns) / 1e3,
                (double)p[SLEEP_MS].value / 1e3);
    return 0;
}
