/* watch.c - fork, exec, and a wait that wakes for signals, for the child's end and for the next look. */
#define _GNU_SOURCE 1

#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int forwarded[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGUSR1,
                                SIGUSR2, SIGCONT, SIGALRM, SIGTSTP, SIGWINCH};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void signals_block(sigset_t *waited, sigset_t *before)
{
    sigemptyset(waited);
    sigaddset(waited, SIGCHLD);
    for (size_t i = 0; i < sizeof forwarded / sizeof forwarded[0]; i++)
        sigaddset(waited, forwarded[i]);
    sigprocmask(SIG_BLOCK, waited, before);
}

static __attribute__((noreturn)) void child_become(const struct watch *watch, const sigset_t *mask,
                                                   int failure)
{
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(watch->argv[0], watch->argv);
    int error = errno;
    ssize_t written = write(failure, &error, sizeof error);
    _exit(written == (ssize_t)sizeof error ? 127 : 126);
}

/* The child, whose exec has happened or failed when this returns; -1 when there is none. */
static pid_t child_start(struct watch *watch, const sigset_t *mask)
{
    int failure[2];
    if (pipe2(failure, O_CLOEXEC) != 0)
        return -1;
    pid_t child = fork();
    if (child == 0)
        child_become(watch, mask, failure[1]);
    close(failure[1]);
    watch->exec_error = 0;
    if (child > 0 && read(failure[0], &watch->exec_error, sizeof watch->exec_error) <= 0)
        watch->exec_error = 0;
    close(failure[0]);
    return child;
}

/* Signals of the terminal have come from the kernel, and to the program too. */
static void signal_forward(pid_t child, const siginfo_t *signal)
{
    if (signal->si_signo != SIGCHLD && (signal->si_code != SI_KERNEL || signal->si_signo == SIGCONT))
        kill(child, signal->si_signo);
}

static void usage_keep(struct watch *watch, const struct rusage *usage)
{
    watch->cpu_s = (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
                   (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
    watch->peak_rss_bytes = (double)usage->ru_maxrss * 1024;
    watch->page_faults = (double)(usage->ru_minflt + usage->ru_majflt);
}

/* True when the child has ended; stops with it when it was stopped. */
static bool child_check(struct watch *watch, pid_t child)
{
    struct rusage usage;
    pid_t found;
    while ((found = wait4(child, &watch->wait_status, WNOHANG | WUNTRACED, &usage)) == child) {
        if (!WIFSTOPPED(watch->wait_status)) {
            usage_keep(watch, &usage);
            return true;
        }
        raise(SIGSTOP);
        kill(child, SIGCONT);
    }
    return found < 0 && errno == ECHILD;
}

static void child_follow(struct watch *watch, pid_t child, const sigset_t *waited)
{
    double start_s = now_s(), next_s = start_s;
    while (!child_check(watch, child)) {
        siginfo_t signal;
        double now = now_s();
        if (now >= next_s)
            next_s = now + watch->look(watch->context, child, now - start_s);
        double pause_s = next_s - now_s();
        pause_s = pause_s > 0 ? pause_s : 0;
        struct timespec limit = {(time_t)pause_s, (long)((pause_s - (double)(time_t)pause_s) * 1e9)};
        if (sigtimedwait(waited, &signal, &limit) > 0)
            signal_forward(child, &signal);
    }
    watch->wall_s = now_s() - start_s;
}

bool watch_program(struct watch *watch)
{
    sigset_t waited, before;
    signals_block(&waited, &before);
    pid_t child = child_start(watch, &before);
    if (child > 0)
        child_follow(watch, child, &waited);
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return child > 0;
}

void watch_end_alike(int wait_status)
{
    if (WIFSIGNALED(wait_status)) {
        sigset_t all;
        prctl(PR_SET_DUMPABLE, 0);
        signal(WTERMSIG(wait_status), SIG_DFL);
        sigfillset(&all);
        sigprocmask(SIG_UNBLOCK, &all, NULL);
        raise(WTERMSIG(wait_status));
        _exit(128 + WTERMSIG(wait_status));
    }
    exit(WEXITSTATUS(wait_status));
}
