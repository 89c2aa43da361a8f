/* process.c - fork, exec, sample, wait.
 *
 * Time runs from before fork to the child's SIGCHLD. The child is forked, not vforked: the kernel
 * counts what the process had resident before exec into its peak, and a fork of this small program
 * has less than any program that starts.
 */
#define _GNU_SOURCE 1

#include "process.h"

#include "preload.h"
#include "sample.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const double SAMPLE_FIRST_S = 0.002, SAMPLE_EVERY_S = 0.02, WAIT_WITHOUT_SAMPLES_S = 1;

static sigset_t mask_before;

void process_prepare(void)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &mask_before);
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

struct launch {
    int output[2];  /* the program's standard output, when it is kept */
    int failure[2]; /* errno of a failed exec; closed by a successful one */
    pid_t child;
    double started_s;
};

static __attribute__((noreturn)) void child_become(const struct process_request *request,
                                                   const struct launch *launch)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(request->quiet_benchmark || request->keep_output ? launch->output[1] : null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    if (request->quiet_benchmark)
        setenv("BENCH_QUIET", "1", 1);
    preload_set(request->preload);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
    execvp(request->argv[0], request->argv);
    int error = errno;
    ssize_t written = write(launch->failure[1], &error, sizeof error);
    _exit(written == (ssize_t)sizeof error ? 127 : 126);
}

static bool launch_start(const struct process_request *request, struct launch *launch)
{
    if (pipe2(launch->output, O_CLOEXEC) != 0)
        return false;
    if (pipe2(launch->failure, O_CLOEXEC) != 0) {
        close(launch->output[0]);
        close(launch->output[1]);
        return false;
    }
    launch->started_s = now_s();
    launch->child = fork();
    if (launch->child == 0)
        child_become(request, launch);
    close(launch->output[1]);
    close(launch->failure[1]);
    return launch->child > 0;
}

/* Waits for the child's end for as long as asked; true when it may have come. */
static bool wait_for_child(double seconds)
{
    sigset_t child;
    struct timespec limit = {(time_t)seconds, (long)((seconds - floor(seconds)) * 1e9)};
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    return sigtimedwait(&child, NULL, &limit) == SIGCHLD;
}

static void sample_take(const struct process_request *request, const struct launch *launch,
                        struct process_result *result)
{
    if (request->curve) {
        double bytes = sample_tree_rss_bytes(launch->child);
        if (bytes > 0)
            curve_add(request->curve, now_s() - launch->started_s, bytes);
    }
    if (request->look_for_library && !result->library_seen)
        result->library_seen = sample_has_library(launch->child, request->preload);
}

static void limit_check(const struct process_request *request, const struct launch *launch,
                        struct process_result *result)
{
    if (request->time_limit_s > 0 && now_s() - launch->started_s > request->time_limit_s) {
        result->timed_out = true;
        kill(launch->child, SIGKILL);
    }
}

/* Samples until the child is gone; its end wakes the wait at once, so wall time is exact. */
static void child_follow(const struct process_request *request, const struct launch *launch,
                         struct process_result *result, struct rusage *usage)
{
    bool sampling = request->curve || request->look_for_library;
    double pause_s = sampling ? SAMPLE_FIRST_S : WAIT_WITHOUT_SAMPLES_S;
    for (;;) {
        bool signalled = wait_for_child(pause_s);
        result->wall_s = now_s() - launch->started_s;
        pid_t gone = wait4(launch->child, &result->wait_status, WNOHANG, usage);
        if (gone == launch->child || (gone < 0 && errno != EINTR))
            return;
        if (sampling && !signalled) {
            sample_take(request, launch, result);
            pause_s = fmin(pause_s * 2, SAMPLE_EVERY_S);
        }
        limit_check(request, launch, result);
    }
}

static void output_keep(int fd, char *output)
{
    size_t used = 0;
    ssize_t got;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (used < PROCESS_OUTPUT_BYTES - 1 &&
           (got = read(fd, output + used, PROCESS_OUTPUT_BYTES - 1 - used)) > 0)
        used += (size_t)got;
    output[used] = '\0';
}

static double timeval_s(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

bool process_measure(const struct process_request *request, struct process_result *result)
{
    struct launch launch;
    struct rusage usage;
    memset(result, 0, sizeof *result);
    memset(&usage, 0, sizeof usage);
    if (request->curve)
        curve_start(request->curve);
    if (!launch_start(request, &launch))
        return false;
    child_follow(request, &launch, result, &usage);
    result->cpu_s = timeval_s(usage.ru_utime) + timeval_s(usage.ru_stime);
    result->peak_rss_bytes = (double)usage.ru_maxrss * 1024;
    result->page_faults = (double)usage.ru_minflt + (double)usage.ru_majflt;
    output_keep(launch.output[0], result->output);
    if (read(launch.failure[0], &result->exec_error, sizeof result->exec_error) <= 0)
        result->exec_error = 0;
    close(launch.output[0]);
    close(launch.failure[0]);
    return true;
}

bool process_succeeded(const struct process_result *result)
{
    return result->exec_error == 0 && !result->timed_out && WIFEXITED(result->wait_status) &&
           WEXITSTATUS(result->wait_status) == 0;
}

void process_describe(const struct process_result *result, char *buffer, size_t size)
{
    if (result->exec_error)
        snprintf(buffer, size, "cannot be run: %s", strerror(result->exec_error));
    else if (result->timed_out)
        snprintf(buffer, size, "took too long");
    else if (WIFSIGNALED(result->wait_status))
        snprintf(buffer, size, "killed by signal %d (%s)", WTERMSIG(result->wait_status),
                 strsignal(WTERMSIG(result->wait_status)));
    else
        snprintf(buffer, size, "exit status %d", WEXITSTATUS(result->wait_status));
}
