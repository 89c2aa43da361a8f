/* doctor_launch.c - a program that is started under HAKMEM to be looked at.
 *
 * It is traced only to be stopped in its exit, while its memory is still there: a program that is done at
 * once can be looked at, too. Where tracing is forbidden, it is looked at while it runs. */
#define _GNU_SOURCE 1

#include "doctor.h"

#include "locate.h"
#include "preload.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { STEP_MS = 5, GRACE_S = 2, STATUS_NOT_FOUND = 127, LINE_BYTES = 256 };

/* ---- the file */

static bool find_in_path(const char *name, char path[PATH_BYTES])
{
    const char *at = getenv("PATH");
    if (strchr(name, '/'))
        return snprintf(path, PATH_BYTES, "%s", name) < PATH_BYTES && access(path, X_OK) == 0;
    for (size_t length; at && *at; at += length + (at[length] == ':')) {
        length = strcspn(at, ":");
        int bytes = snprintf(path, PATH_BYTES, "%.*s/%s", (int)length, at, name);
        if (bytes < PATH_BYTES && access(path, X_OK) == 0)
            return true;
    }
    return false;
}

/* Follows one "#!": what is run then is the interpreter. */
static void follow_script(char path[PATH_BYTES])
{
    char line[LINE_BYTES] = "";
    FILE *file = fopen(path, "re");
    bool script = file && fgets(line, sizeof line, file) && strncmp(line, "#!", 2) == 0;
    if (file)
        fclose(file);
    if (!script)
        return;
    const char *start = line + 2 + strspn(line + 2, " \t");
    snprintf(path, PATH_BYTES, "%.*s", (int)strcspn(start, " \t\r\n"), start);
}

/* Whether LD_PRELOAD reaches it. */
static bool check_rights(const char *path, struct findings *findings)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return true;
    bool other_user = status.st_mode & S_ISUID && status.st_uid != geteuid();
    bool other_group = status.st_mode & S_ISGID && status.st_gid != getegid();
    if (!other_user && !other_group && getxattr(path, "security.capability", NULL, 0) <= 0)
        return true;
    finding_add(
        findings, FINDING_PROBLEM, "program",
        "%s is setuid, setgid or has file capabilities: the dynamic linker ignores LD_PRELOAD; link it "
        "with libhakmem, or name the library in /etc/ld.so.preload",
        path);
    return false;
}

/* False when there is nothing to start, or to be seen then. */
static bool check_file(const char *name, struct findings *findings)
{
    char path[PATH_BYTES];
    struct program_facts facts;
    if (!find_in_path(name, path)) {
        finding_add(findings, FINDING_PROBLEM, "program",
                    "there is no program '%s', or it cannot be executed", name);
        return false;
    }
    follow_script(path);
    if (!check_rights(path, findings))
        return false;
    if (program_describe(path, &facts) && facts.is_foreign)
        finding_add(findings, FINDING_PROBLEM, "program",
                    "%s is for another architecture than this HAKMEM: build HAKMEM for that one", path);
    return true;
}

/* ---- the process */

/* The child waits until the parent is ready to trace it. */
static void become_program(const struct launch *launch, const int ready[2])
{
    char byte;
    close(ready[1]);
    while (read(ready[0], &byte, 1) < 0 && errno == EINTR)
        ;
    if (launch->quiet)
        dup2(STDERR_FILENO, STDOUT_FILENO);
    execvp(launch->argv[0], launch->argv);
    _exit(STATUS_NOT_FOUND);
}

static pid_t start(const struct launch *launch, bool *traced)
{
    int ready[2];
    if (pipe2(ready, O_CLOEXEC) != 0)
        return -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        become_program(launch, ready);
    *traced = pid > 0 && ptrace(PTRACE_SEIZE, pid, NULL,
                                (void *)(uintptr_t)(PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)) == 0;
    close(ready[0]);
    close(ready[1]);
    return pid;
}

enum event { EVENT_NONE, EVENT_EXITING, EVENT_GONE };

/* Lets it go on after a stop that is none of ours. */
static enum event handle_stop(pid_t pid, int status)
{
    int event = status >> 16, signal_number = WSTOPSIG(status);
    if (event == PTRACE_EVENT_EXIT)
        return EVENT_EXITING;
    if (event == PTRACE_EVENT_STOP && signal_number != SIGTRAP)
        ptrace(PTRACE_LISTEN, pid, NULL, NULL);
    else
        ptrace(PTRACE_CONT, pid, NULL, (void *)(uintptr_t)(event ? 0 : signal_number));
    return EVENT_NONE;
}

/* Until it is about to end, has ended, or so many seconds have passed. */
static enum event wait_for_end(pid_t pid, double seconds)
{
    struct timespec step = {0, STEP_MS * 1000000L};
    for (double waited = 0; waited < seconds; waited += STEP_MS / 1000.0) {
        int status;
        pid_t got = waitpid(pid, &status, WNOHANG | __WALL);
        if (got < 0 || (got == pid && !WIFSTOPPED(status)))
            return EVENT_GONE;
        if (got == pid) {
            enum event event = handle_stop(pid, status);
            if (event != EVENT_NONE)
                return event;
            continue;
        }
        nanosleep(&step, NULL);
    }
    return EVENT_NONE;
}

/* Ends it, kindly at first. */
static void finish(pid_t pid, enum event event)
{
    if (event == EVENT_NONE) {
        kill(pid, SIGTERM);
        kill(pid, SIGCONT);
        event = wait_for_end(pid, GRACE_S);
    }
    if (event == EVENT_EXITING)
        ptrace(PTRACE_CONT, pid, NULL, NULL);
    if (event == EVENT_NONE)
        kill(pid, SIGKILL);
    while (event != EVENT_GONE) {
        int status;
        pid_t got = waitpid(pid, &status, __WALL);
        if (got < 0 || !WIFSTOPPED(status))
            event = EVENT_GONE;
        else
            ptrace(PTRACE_CONT, pid, NULL, NULL);
    }
}

static bool look_at_child(const struct launch *launch, struct findings *findings)
{
    bool traced = false;
    pid_t pid = start(launch, &traced);
    if (pid < 0) {
        finding_add(findings, FINDING_PROBLEM, "program", "no process could be made: %s", strerror(errno));
        return false;
    }
    enum event event = wait_for_end(pid, launch->seconds);
    if (event == EVENT_GONE) {
        finding_add(findings, FINDING_NOTE, "program",
                    "it ended before it could be looked at%s: give its process number while it runs",
                    traced ? "" : ", as tracing is not allowed here");
        return false;
    }
    bool looked = launch->look(pid, launch->argument);
    finish(pid, event);
    return looked;
}

bool launch_and_look(const struct launch *launch, struct findings *findings)
{
    char library[PATH_BYTES];
    if (!check_file(launch->argv[0], findings))
        return false;
    if (!locate_library(library) || !preload_add(library)) {
        finding_add(findings, FINDING_PROBLEM, "library", "libhakmem.so was not found beside this command");
        return false;
    }
    return look_at_child(launch, findings);
}
