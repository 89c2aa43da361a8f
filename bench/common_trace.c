/* common_trace.c - runs the program itself under ptrace and adds up its system calls.
 *
 * Raw ptrace calls, since the C library's header and the kernel's, which has the system-call record,
 * exclude each other. Threads of the traced run are traced too; the loop's marks come from one.
 */
#define _GNU_SOURCE 1

#include "common_trace.h"

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ptrace.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MARK_OPTION = 0x48414b4d, CALIBRATION_CALLS = 101, MOST_THREADS = 64 };

enum phase { PHASE_SETUP, PHASE_CALIBRATE, PHASE_LOOP, PHASE_AFTER };

struct traced_thread {
    pid_t id;
    bool in_call;
    unsigned number;
    uint64_t entered_ns;
};

struct tracer {
    pid_t child;
    bool started; /* the program's exec is over */
    enum phase phase;
    struct traced_thread thread[MOST_THREADS];
    uint64_t calibration[CALIBRATION_CALLS];
    int calibrations;
    struct bench_trace *trace;
};

bool bench_is_traced(void)
{
    return getenv("BENCH_TRACED") != NULL;
}

void bench_trace_mark(enum bench_mark mark)
{
    syscall(SYS_prctl, MARK_OPTION, mark, 0, 0, 0);
}

void bench_trace_calibrate(void)
{
    bench_trace_mark(MARK_CALIBRATE_BEGIN);
    for (int i = 0; i < CALIBRATION_CALLS; i++)
        syscall(SYS_getppid);
    bench_trace_mark(MARK_CALIBRATE_END);
}

static long trace(long request, pid_t thread, uintptr_t address, void *data)
{
    return syscall(SYS_ptrace, request, thread, address, data);
}

static __attribute__((noreturn)) void become_traced(char **argv)
{
    int null = open("/dev/null", O_WRONLY);
    if (null >= 0)
        dup2(null, STDOUT_FILENO);
    setenv("BENCH_QUIET", "1", 1);
    setenv("BENCH_TRACED", "1", 1);
    if (trace(PTRACE_TRACEME, 0, 0, NULL) != 0)
        _exit(126);
    raise(SIGSTOP);
    execv("/proc/self/exe", argv);
    _exit(127);
}

static struct traced_thread *thread_find(struct tracer *tracer, pid_t id)
{
    for (int i = 0; i < MOST_THREADS; i++) {
        struct traced_thread *thread = &tracer->thread[i];
        if (thread->id == 0)
            thread->id = id;
        if (thread->id == id)
            return thread;
    }
    return &tracer->thread[MOST_THREADS - 1];
}

static void mark_reached(struct tracer *tracer, uint64_t mark)
{
    static const enum phase after[] = {
        [MARK_CALIBRATE_BEGIN] = PHASE_CALIBRATE,
        [MARK_CALIBRATE_END] = PHASE_SETUP,
        [MARK_LOOP_BEGIN] = PHASE_LOOP,
        [MARK_LOOP_END] = PHASE_AFTER,
    };
    if (mark < sizeof after / sizeof after[0])
        tracer->phase = after[mark];
}

static void call_count(struct tracer *tracer, unsigned number, uint64_t ns)
{
    if (tracer->phase == PHASE_CALIBRATE) {
        if (tracer->calibrations < CALIBRATION_CALLS)
            tracer->calibration[tracer->calibrations++] = ns;
        return;
    }
    number = number < TRACE_CALLS_MOST ? number : TRACE_CALLS_MOST - 1;
    tracer->trace->process.count[number]++;
    tracer->trace->process.ns[number] += ns;
    if (tracer->phase == PHASE_LOOP) {
        tracer->trace->loop.count[number]++;
        tracer->trace->loop.ns[number] += ns;
    }
}

static bool is_mark(const struct ptrace_syscall_info *info)
{
    return info->entry.nr == SYS_prctl && info->entry.args[0] == MARK_OPTION;
}

static void call_stopped(struct tracer *tracer, pid_t id)
{
    uint64_t now = bench_now_ns();
    struct traced_thread *thread = thread_find(tracer, id);
    struct ptrace_syscall_info info;
    if (trace(PTRACE_GET_SYSCALL_INFO, id, sizeof info, &info) <= 0)
        return;
    if (info.op == PTRACE_SYSCALL_INFO_EXIT && thread->in_call) {
        thread->in_call = false;
        call_count(tracer, thread->number, now - thread->entered_ns);
    } else if (info.op == PTRACE_SYSCALL_INFO_ENTRY && tracer->started) {
        if (is_mark(&info)) {
            mark_reached(tracer, info.entry.args[1]);
            return;
        }
        thread->in_call = true;
        thread->number = (unsigned)info.entry.nr;
        /* A call that never returns has no end to measure. */
        if (info.entry.nr == SYS_exit_group || info.entry.nr == SYS_exit)
            call_count(tracer, thread->number, 0);
        thread->entered_ns = bench_now_ns();
    }
}

/* What to hand on to the thread: signals that are its own, not the tracing's stops. */
static int signal_for(struct tracer *tracer, pid_t id, int status)
{
    int signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) {
        call_stopped(tracer, id);
        return 0;
    }
    if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8))
        tracer->started = true;
    bool of_tracing = signal == SIGTRAP || signal == SIGSTOP;
    return of_tracing ? 0 : signal;
}

static bool follow(struct tracer *tracer)
{
    int status;
    pid_t id;
    while ((id = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
        if (id == tracer->child && (WIFEXITED(status) || WIFSIGNALED(status)))
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (id > 0 && WIFSTOPPED(status)) {
            int signal = signal_for(tracer, id, status);
            trace(PTRACE_SYSCALL, id, 0, (void *)(uintptr_t)signal);
        }
    }
    return false;
}

static int compare_ns(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void tracing_subtract(struct bench_calls *calls, uint64_t tracing_ns)
{
    for (int i = 0; i < TRACE_CALLS_MOST; i++) {
        uint64_t share = calls->count[i] * tracing_ns;
        calls->ns[i] = calls->ns[i] > share ? calls->ns[i] - share : 0;
    }
}

bool bench_trace_self(char **argv, struct bench_trace *result)
{
    const uintptr_t options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACECLONE |
                              PTRACE_O_EXITKILL;
    static struct tracer tracer;
    int status;

    memset(result, 0, sizeof *result);
    tracer.trace = result;
    tracer.child = fork();
    if (tracer.child < 0)
        return false;
    if (tracer.child == 0)
        become_traced(argv);
    if (waitpid(tracer.child, &status, 0) != tracer.child || !WIFSTOPPED(status) ||
        trace(PTRACE_SETOPTIONS, tracer.child, 0, (void *)options) != 0) {
        if (WIFSTOPPED(status))
            kill(tracer.child, SIGKILL);
        errno = EPERM;
        return false;
    }
    trace(PTRACE_SYSCALL, tracer.child, 0, NULL);
    if (!follow(&tracer) || bench_calls_count(&result->process) == 0) {
        errno = ENOTSUP;
        return false;
    }
    qsort(tracer.calibration, (size_t)tracer.calibrations, sizeof(uint64_t), compare_ns);
    result->tracing_ns = tracer.calibration[tracer.calibrations / 2];
    tracing_subtract(&result->process, result->tracing_ns);
    tracing_subtract(&result->loop, result->tracing_ns);
    return true;
}
