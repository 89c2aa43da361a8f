/* unit.h - the small frame of the unit tests, around cmocka's.
 *
 * cmocka's own assertions may only fail in the process and thread that runs the tests; EXPECT may
 * anywhere: it prints what was expected, and the seed of the random histories, and aborts.
 *
 *     test_X [SEED]     the seed of a failure replays its histories */
#ifndef UNIT_UNIT_H
#define UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/config.h"
#include "preload/blocks.h"

#if defined(__SANITIZE_THREAD__)
enum { UNIT_SANITIZED = 1, UNIT_PROCESS_IS_DEAR = 1 };
#elif defined(__SANITIZE_ADDRESS__)
enum { UNIT_SANITIZED = 1, UNIT_PROCESS_IS_DEAR = 0 };
#else
enum { UNIT_SANITIZED = 0, UNIT_PROCESS_IS_DEAR = 0 };
#endif

/* A child that hangs fails its test after so long: on the slowest machine none takes that. */
enum { UNIT_CHILD_SECONDS = 600 };

/* Sets what all random histories follow from: the first argument, or the time. */
void unit_start(int argc, char **argv);

/* A generator's state for random_next: another one for each `stream`, the same for the same seed. */
uint64_t unit_random(uint64_t stream);

#define UNIT_MAIN(tests)                                                                                     \
    int main(int argc, char **argv)                                                                          \
    {                                                                                                        \
        unit_start(argc, argv);                                                                              \
        return cmocka_run_group_tests(tests, NULL, NULL);                                                    \
    }

#define EXPECT(condition) ((condition) ? (void)0 : unit_fail(__FILE__, __LINE__, #condition))
void unit_fail(const char *file, int line, const char *condition) __attribute__((noreturn));

/* Runs in a child, whose allocator is as the caller's is now: fresh, if the caller never allocated. Fails
 * unless the child returns from `run`. */
void unit_in_child(void (*run)(void *argument), void *argument);

/* Runs in a child that must abort with `message` in a line of its standard error. */
void unit_expect_abort(void (*run)(void *argument), void *argument, const char *message);

/* Runs in a child with its standard error caught, a string of less than `size` bytes in `output`. Returns
 * the child's status, as of waitpid. */
int unit_catch_output(void (*run)(void *argument), void *argument, char *output, size_t size);

/* Runs in a thread, and waits for its end. */
void unit_in_thread(void (*run)(void *argument), void *argument);

/* Starts a thread that must be joined. */
pthread_t unit_thread(void *(*run)(void *argument), void *argument);

/* Calls `work` until a signal handler interrupted it many times, at random points, and there called
 * `fork_here`, which forks and returns what fork did. True: in each child, in which the handler has returned
 * and the work that it interrupted is done; it must end with status 0. Other threads are to be started by
 * unit_undisturbed_thread. */
bool unit_fork_in_handlers(void (*work)(void), pid_t (*fork_here)(void));
pthread_t unit_undisturbed_thread(void *(*run)(void *argument), void *argument);

/* The process's pool and all its heaps keep their invariants. Only while no other thread allocates. */
void unit_validate(void);

/* A test that runs in a child of its own, and so on a fresh allocator:
 *
 *     ISOLATED(blocks_come_lowest_first) { … }
 *     … cmocka_unit_test(blocks_come_lowest_first) */
#define ISOLATED(test)                                                                                       \
    static void test##_isolated(void *unused_argument);                                                      \
    static void test(void **state)                                                                           \
    {                                                                                                        \
        (void)state;                                                                                         \
        unit_in_child(test##_isolated, NULL);                                                                \
    }                                                                                                        \
    static void test##_isolated(void *unused_argument __attribute__((unused)))

/* The same for what sanitizers cannot do: they need memory, and have a thread of their own. */
#define ISOLATED_UNLESS_SANITIZED(test)                                                                      \
    static void test##_isolated(void *unused_argument);                                                      \
    static void test(void **state)                                                                           \
    {                                                                                                        \
        (void)state;                                                                                         \
        if (UNIT_SANITIZED)                                                                                  \
            skip();                                                                                          \
        unit_in_child(test##_isolated, NULL);                                                                \
    }                                                                                                        \
    static void test##_isolated(void *unused_argument __attribute__((unused)))

#endif
