#include "unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "heap/registry.h"
#include "heap/scavenger.h"
#include "pool/pool.h"

static uint64_t seed;

void unit_start(int argc, char **argv)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    seed = argc > 1 ? strtoull(argv[1], NULL, 0) : hash64((uint64_t)now.tv_nsec) % 1000000000;
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
}

uint64_t unit_random(uint64_t stream)
{
    return hash64(seed ^ hash64(stream));
}

void unit_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: not true: %s (seed %llu)\n", file, line, condition, (unsigned long long)seed);
    abort();
}

static pid_t start_child(void (*run)(void *argument), void *argument, int error_stream)
{
    fflush(NULL);
    pid_t child = fork();
    EXPECT(child >= 0);
    if (child > 0)
        return child;
    alarm(UNIT_CHILD_SECONDS);
    if (error_stream >= 0)
        dup2(error_stream, STDERR_FILENO);
    run(argument);
    exit(0);
}

static int wait_for(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        EXPECT(errno == EINTR);
    return status;
}

void unit_in_child(void (*run)(void *argument), void *argument)
{
    int status = wait_for(start_child(run, argument, -1));
    if (WIFSIGNALED(status))
        fail_msg("the test's process ended by signal %d", WTERMSIG(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int unit_catch_output(void (*run)(void *argument), void *argument, char *output, size_t size)
{
    int ends[2];
    EXPECT(pipe(ends) == 0);
    pid_t child = start_child(run, argument, ends[1]);
    close(ends[1]);
    size_t length = 0;
    char byte;
    for (ssize_t n; (n = read(ends[0], &byte, 1)) != 0;)
        if (n > 0 && length + 1 < size)
            output[length++] = byte;
    output[length] = '\0';
    close(ends[0]);
    return wait_for(child);
}

void unit_expect_abort(void (*run)(void *argument), void *argument, const char *message)
{
    char output[4096];
    int status = unit_catch_output(run, argument, output, sizeof output);
    if (!strstr(output, message))
        fail_msg("no \"%s\" in: %s", message, output);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

struct call {
    void (*run)(void *argument);
    void *argument;
};

static void *thread_call(void *argument)
{
    const struct call *call = argument;
    call->run(call->argument);
    return NULL;
}

pthread_t unit_thread(void *(*run)(void *argument), void *argument)
{
    pthread_t thread;
    EXPECT(pthread_create(&thread, NULL, run, argument) == 0);
    return thread;
}

void unit_in_thread(void (*run)(void *argument), void *argument)
{
    struct call call = {run, argument};
    EXPECT(pthread_join(unit_thread(thread_call, &call), NULL) == 0);
}

static struct {
    pid_t (*fork_here)(void);
    int forks;
    bool is_child;
} volatile handler;

static void fork_in_handler(int signal)
{
    (void)signal;
    int saved_errno = errno;
    if (handler.is_child)
        return;
    pid_t child = handler.fork_here();
    EXPECT(child >= 0);
    handler.is_child = child == 0;
    if (handler.is_child) {
        alarm(UNIT_CHILD_SECONDS / 3);
    } else {
        EXPECT(wait_for(child) == 0);
        handler.forks++;
    }
    errno = saved_errno;
}

bool unit_fork_in_handlers(void (*work)(void), pid_t (*fork_here)(void))
{
    enum { FORKS = UNIT_SANITIZED ? 30 : 300, LATEST_NS = 100000 };
    struct sigaction action = {.sa_handler = fork_in_handler, .sa_flags = SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    timer_t timer;
    uint64_t random = unit_random(7);
    handler.fork_here = fork_here;
    sigaction(SIGUSR1, &action, NULL);
    EXPECT(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
    while (!handler.is_child && handler.forks < FORKS) {
        struct itimerspec soon = {.it_value.tv_nsec = 1 + (long)(random_next(&random) % LATEST_NS)};
        int before = handler.forks;
        EXPECT(timer_settime(timer, 0, &soon, NULL) == 0);
        while (!handler.is_child && handler.forks == before)
            work();
    }
    return handler.is_child;
}

pthread_t unit_undisturbed_thread(void *(*run)(void *argument), void *argument)
{
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    pthread_t thread = unit_thread(run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return thread;
}

/* The pool knows of the holes of all heaps. */
static void validate_holes(void)
{
    struct pool_stats stats;
    size_t bytes = 0;
    scavenger_hold();
    pool_stats_read(&stats);
    for (struct heap *heap = registry_heaps(); heap; heap = heap->next_heap)
        bytes += heap->purged_bytes;
    scavenger_let_go();
    EXPECT(stats.holes_bytes == bytes);
}

void unit_validate(void)
{
    pool_validate();
    for (struct heap *heap = registry_heaps(); heap; heap = heap->next_heap)
        bin_validate(heap);
    validate_holes();
}
