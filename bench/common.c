/* common.c - parameters, output, clock, pages and threads of the benchmark programs. */
#define _GNU_SOURCE 1

#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MOST_THREADS = 4096, LINE_BYTES = 1024 };

static void write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, text, length);
        if (written < 0 && errno != EINTR)
            return;
        if (written > 0) {
            text += written;
            length -= (size_t)written;
        }
    }
}

void bench_print(const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0)
        write_all(STDOUT_FILENO, line, strlen(line));
}

void bench_fail(const char *what)
{
    char line[LINE_BYTES];
    snprintf(line, sizeof line, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
    write_all(STDERR_FILENO, line, strlen(line));
    _exit(1);
}

bool bench_quiet(void)
{
    const char *value = getenv("BENCH_QUIET");
    return value && strcmp(value, "1") == 0;
}

uint64_t bench_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void *bench_pages(size_t bytes)
{
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1,
                       0);
    if (pages == MAP_FAILED)
        bench_fail("no pages for the benchmark's own arrays");
    return pages;
}

void bench_pages_free(void *pages, size_t bytes)
{
    munmap(pages, bytes);
}

static void choice_words_write(const char *const *words, size_t count, char list[LINE_BYTES])
{
    size_t used = 0;
    list[0] = '\0';
    for (size_t i = 0; i < count && used < LINE_BYTES; i++)
        used += (size_t)snprintf(list + used, LINE_BYTES - used, "%s%s", i ? ", " : "", words[i]);
}

size_t bench_choice_read(int *argc, char **argv, const char *what, const char *const *words, size_t count)
{
    char list[LINE_BYTES];
    if (*argc < 2)
        return 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(argv[1], words[i]) != 0)
            continue;
        memmove(&argv[1], &argv[2], (size_t)(*argc - 1) * sizeof *argv);
        --*argc;
        return i;
    }
    choice_words_write(words, count, list);
    if (strcmp(argv[1], "--help") == 0) {
        bench_print("first a %s, one of: %s (default %s)\nthen, in this order:\n", what, list, words[0]);
        return 0;
    }
    fprintf(stderr, "%s: %s is '%s', but must be one of: %s\n", program_invocation_short_name, what, argv[1],
            list);
    exit(2);
}

static void usage_print(const struct bench_parameter *parameters, size_t count)
{
    bench_print("usage: %s", program_invocation_short_name);
    for (size_t i = 0; i < count; i++)
        bench_print(" [%s]", parameters[i].name);
    bench_print("\n");
    for (size_t i = 0; i < count; i++)
        bench_print("  %-12s default %llu\n", parameters[i].name, (unsigned long long)parameters[i].value);
}

static void parameter_read(struct bench_parameter *parameter, const char *text)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    bool digits_only = text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
    if (!digits_only || value < parameter->least || value > parameter->most) {
        fprintf(stderr, "%s: %s is '%s', but must be a number of %llu..%llu\n", program_invocation_short_name,
                parameter->name, text, (unsigned long long)parameter->least,
                (unsigned long long)parameter->most);
        exit(2);
    }
    parameter->value = value;
}

void bench_parameters_read(int argc, char **argv, struct bench_parameter *parameters, size_t count)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        usage_print(parameters, count);
        exit(0);
    }
    if ((size_t)argc > count + 1) {
        fprintf(stderr, "%s: takes at most %zu parameters; --help names them\n",
                program_invocation_short_name, count);
        exit(2);
    }
    for (int i = 1; i < argc; i++)
        parameter_read(&parameters[i - 1], argv[i]);
}

struct thread_start {
    void (*body)(size_t index);
    size_t index;
    pthread_t thread;
};

static void *thread_main(void *argument)
{
    struct thread_start *start = argument;
    start->body(start->index);
    return NULL;
}

void bench_threads_run(size_t threads, void (*body)(size_t index))
{
    static struct thread_start start[MOST_THREADS];
    if (threads > MOST_THREADS)
        threads = MOST_THREADS;
    for (size_t i = 0; i < threads; i++) {
        start[i].body = body;
        start[i].index = i;
        errno = pthread_create(&start[i].thread, NULL, thread_main, &start[i]);
        if (errno)
            bench_fail("a thread cannot be started");
    }
    for (size_t i = 0; i < threads; i++)
        pthread_join(start[i].thread, NULL);
}
