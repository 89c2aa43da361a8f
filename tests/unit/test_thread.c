/* os/thread.c: the threads of the process. */
#include "unit/unit.h"

#include <sched.h>
#include <unistd.h>

#include "os/thread.h"

static pthread_barrier_t barrier;

static void *stay_until_met(void *unused)
{
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return unused;
}

static void *expect_to_be_last(void *unused)
{
    while (!thread_is_last()) /* a thread that ended may count for a moment */
        sched_yield();
    pthread_t other = unit_thread(stay_until_met, NULL);
    pthread_barrier_wait(&barrier);
    EXPECT(!thread_is_last());
    pthread_barrier_wait(&barrier);
    pthread_join(other, NULL);
    while (!thread_is_last())
        sched_yield();
    _exit(0);
    return unused;
}

ISOLATED_UNLESS_SANITIZED(a_thread_is_the_last_when_the_first_has_ended_and_there_is_no_other)
{
    EXPECT(!thread_is_last()); /* it is the first */
    pthread_barrier_init(&barrier, NULL, 2);
    unit_thread(expect_to_be_last, NULL);
    pthread_exit(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_thread_is_the_last_when_the_first_has_ended_and_there_is_no_other),
};

UNIT_MAIN(tests)
