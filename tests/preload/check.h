/* check.h - the small frame of the black-box tests (preload/, link/), for C and C++.
 *
 * A test is a function; CHECK ends it at the first thing that is wrong. run_tests gives each test a
 * process of its own, so that a crash or a hang of one fails only that one. With names on the command
 * line only these are run, and in this process, where a debugger sees them.
 *
 *     static const struct test tests[] = {TEST(free_keeps_errno), ...};
 *     int main(int argc, char **argv) { return RUN_TESTS(argc, argv, tests); }
 *
 * Nothing here allocates: tests count blocks, and run out of memory on purpose. */
#ifndef CHECK_H
#define CHECK_H

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hakmem.h"

enum { CHECK_SKIPPED = 77, CHECK_SECONDS = 30 };

/* The seconds that something may take here: CHECK_PATIENCE times as many as usual, for emulators
 * and slow machines: they only end what hangs. */
static inline unsigned patient(unsigned seconds)
{
    const char *patience = getenv("CHECK_PATIENCE");
    return patience ? seconds * (unsigned)atoi(patience) : seconds;
}

/* Whether an emulator runs this: there, a program cannot start itself. */
static inline bool check_is_emulated(void)
{
    return getenv("CHECK_EMULATED") != NULL;
}

/* Whether CHECK_LEAVE_OUT, a list with spaces, names the test: what emulators cannot do. */
static inline bool check_is_left_out(const char *name)
{
    const char *list = getenv("CHECK_LEAVE_OUT");
    size_t length = strlen(name);
    for (const char *at = list; at && (at = strstr(at, name)) != NULL; at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == 0))
            return true;
    return false;
}

struct test {
    const char *name;
    void (*run)(void);
};

#define TEST(function)                                                                                       \
    {                                                                                                        \
#function, function                                                                                  \
    }
#define RUN_TESTS(argc, argv, tests) run_tests(argc, argv, tests, sizeof(tests) / sizeof *(tests))

/* Ends the test as failed unless `condition` holds. */
#define CHECK(condition) ((condition) ? (void)0 : check_fail(__FILE__, __LINE__, #condition))

/* The same, with the values that explain it, as for printf. */
#define CHECK_THAT(condition, ...)                                                                           \
    ((condition) ? (void)0 : (check_say(__VA_ARGS__), check_fail(__FILE__, __LINE__, #condition)))

/* Ends the test as not possible here. */
#define SKIP(...) (check_say(__VA_ARGS__), _exit(CHECK_SKIPPED))

/* A function of HAKMEM's own, or NULL when another allocator serves this program. */
#define HAKMEM(function) ((__typeof__(function) *)dlsym(RTLD_DEFAULT, #function))

/* Whether HAKMEM serves this program: preloaded, or linked in without being exported. */
#pragma weak hakmem_version
static inline bool hakmem_is_here(void)
{
    return hakmem_version != NULL || HAKMEM(hakmem_version) != NULL;
}

/* Keeps the compiler from knowing, and so from warning about or leaving out, what a test asks for. */
static inline size_t opaque_size(size_t size)
{
    __asm__ volatile("" : "+r"(size));
    return size;
}

static inline void *opaque(void *pointer)
{
    __asm__ volatile("" : "+r"(pointer) : : "memory");
    return pointer;
}

/* One line of explanation on standard error. */
__attribute__((format(printf, 1, 2))) static inline void check_say(const char *format, ...)
{
    char line[512] = "    ";
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line + 4, sizeof line - 5, format, arguments);
    va_end(arguments);
    size_t end = strlen(line);
    if (length >= 0)
        line[end++] = '\n';
    if (write(STDERR_FILENO, line, end) < 0)
        _exit(EXIT_FAILURE);
}

__attribute__((noreturn)) static inline void check_fail(const char *file, int line, const char *condition)
{
    check_say("%s:%d: not so: %s", file, line, condition);
    _exit(EXIT_FAILURE);
}

/* Waits for a child and says how it ended, as a shell would: its status, or 128 + its signal. */
static inline int wait_for(pid_t child)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Runs `function` in a child that has `seconds` to end, and returns how it ended. */
static inline int run_in_child(void (*function)(void), unsigned seconds)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(patient(seconds));
        function();
        exit(EXIT_SUCCESS);
    }
    return child < 0 ? -1 : wait_for(child);
}

static inline double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Whether a test that repeats itself goes on with the round, of so many: a machine that is ten times as slow
 * as usual does fewer, a tenth at least. For one loop at a time. */
static inline bool another_round(int round, int rounds)
{
    enum { SECONDS = 8 };
    static double began;
    if (round == 0)
        began = seconds_now();
    return round < rounds && (round < rounds / 10 || seconds_now() - began < SECONDS);
}

static inline const char *check_verdict(int status)
{
    switch (status) {
    case EXIT_SUCCESS: return "ok";
    case CHECK_SKIPPED: return "skipped";
    case 128 + SIGALRM: return "TIMED OUT";
    case 128 + SIGSEGV: return "CRASHED";
    case 128 + SIGABRT: return "ABORTED";
    default: return "FAILED";
    }
}

static inline int check_run_named(int argc, char **argv, const struct test *tests, size_t count)
{
    for (int i = 1; i < argc; i++) {
        bool found = false;
        for (const struct test *t = tests; t < tests + count; t++) {
            if (strcmp(t->name, argv[i]) != 0)
                continue;
            t->run();
            found = true;
            printf("ok  %s\n", t->name);
        }
        if (!found)
            return fprintf(stderr, "no such test: %s\n", argv[i]), EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

static inline int run_tests(int argc, char **argv, const struct test *tests, size_t count)
{
    if (argc > 1)
        return check_run_named(argc, argv, tests, count);
    unsigned passed = 0, failed = 0, skipped = 0;
    for (const struct test *t = tests; t < tests + count; t++) {
        double start = seconds_now();
        int status = check_is_left_out(t->name) ? CHECK_SKIPPED : run_in_child(t->run, CHECK_SECONDS);
        passed += status == EXIT_SUCCESS;
        skipped += status == CHECK_SKIPPED;
        failed += status != EXIT_SUCCESS && status != CHECK_SKIPPED;
        printf("%-9s %5.2f s  %s\n", check_verdict(status), seconds_now() - start, t->name);
    }
    printf("%u passed, %u failed, %u skipped (%s)\n", passed, failed, skipped,
           hakmem_is_here() ? "HAKMEM" : "another malloc");
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
