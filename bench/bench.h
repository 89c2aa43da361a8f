/* bench.h - what the benchmark programs share: parameters, clock, generator, report.
 *
 * No function here allocates, so a benchmark measures only the blocks it asks for itself. Every
 * program takes its parameters in order, all optional, and prints its result lines: one with "ops/s"
 * in it, or what common_memory.h and common_histogram.h say. With BENCH_QUIET=1 in the environment it
 * prints those and nothing else.
 */
#ifndef HAKMEM_BENCH_H
#define HAKMEM_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bench_parameter {
    const char *name;
    uint64_t value; /* the default, then what the command line says */
    uint64_t least;
    uint64_t most;
};

/* Reads argv into the parameters, in order. A wrong one ends the program with status 2; --help
 * prints the parameters with their defaults and ends it with 0. */
void bench_parameters_read(int argc, char **argv, struct bench_parameter *parameters, size_t count);

/* Takes a word such as a scenario's name off the front of the command line, and returns which of the
 * `count` it is: the first when there is none. A wrong one ends the program with status 2. Called
 * before bench_parameters_read, whose --help it precedes. */
size_t bench_choice_read(int *argc, char **argv, const char *what, const char *const *words, size_t count);

/* Whether only the result lines are wanted. */
bool bench_quiet(void);

/* printf to standard output by one write, without a stdio buffer. */
void bench_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program with status 1 and a line that says what failed, with errno's text. */
void bench_fail(const char *what) __attribute__((noreturn));

uint64_t bench_now_ns(void);

/* Zeroed pages from the kernel, already populated. */
void *bench_pages(size_t bytes);
void bench_pages_free(void *pages, size_t bytes);

/* The throughput line and, unless quiet, the allocator before it and faults and memory after it. */
void bench_report(const char *name, const struct bench_parameter *parameters, size_t count,
                  uint64_t operations, uint64_t elapsed_ns);

/* The parts of that report, for programs that say more. */
void bench_print_allocator(void);
void bench_print_throughput(const char *name, const struct bench_parameter *parameters, size_t count,
                            uint64_t operations, uint64_t elapsed_ns);
uint64_t bench_page_faults(void);
uint64_t bench_peak_rss_kib(void);

/* The number after "FIELD:" in one of /proc/self's "FIELD:  N kB" files; 0 when it cannot be had. */
uint64_t bench_proc_kib(const char *path, const char *field);

/* Runs `body` in `threads` threads, numbered from 0, and waits for all of them. */
void bench_threads_run(size_t threads, void (*body)(size_t index));

/* xorshift64 (Marsaglia, 2003); the state is never 0. */
static inline uint64_t bench_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

/* A state for one thread or phase, from the seed of the run; spread by splitmix64's finalizer. */
static inline uint64_t bench_random_fork(uint64_t seed, uint64_t index)
{
    uint64_t x = seed + (index + 1) * 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    x ^= x >> 31;
    return x ? x : 1;
}

/* A number of low..high, both included, from a random word, without a division. */
static inline size_t bench_between(uint64_t random, size_t low, size_t high)
{
    return low + (size_t)(((random >> 32) * (uint64_t)(high - low + 1)) >> 32);
}

/* Writes both ends of a block, as a program that uses it would. */
static inline void *bench_touch(void *block, size_t size)
{
    char *bytes = (char *)block;
    if (!bytes)
        bench_fail("out of memory");
    bytes[0] = (char)size;
    bytes[size - 1] = (char)size;
    return block;
}

#ifdef __cplusplus
}
#endif
#endif
