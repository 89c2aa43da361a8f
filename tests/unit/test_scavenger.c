/* heap/scavenger.c where the system has no thread for it; os/thread.c. What it gives back is judged from
 * outside, by preload/test_scavenger.c. */
#include "unit/unit.h"

#include <dlfcn.h>
#include <errno.h>

#include "front/front.h"
#include "heap/scavenger.h"
#include "os/thread.h"

static bool refuse;

/* The system's, which the test may refuse. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    static int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    if (refuse)
        return EAGAIN;
    if (!next)
        next = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(
            RTLD_NEXT, "pthread_create");
    return next(thread, attributes, run, argument);
}

static void do_nothing(void) {}

ISOLATED(starting_a_thread_keeps_errno)
{
    errno = 55;
    refuse = true;
    EXPECT(!thread_start(do_nothing, "test") && errno == 55);
    refuse = false;
    EXPECT(thread_start(do_nothing, "test") && errno == 55); /* the last: no two may start at once */
}

static uint64_t starts(void)
{
    return atomic_load(&scavenger_stats.starts);
}

ISOLATED(a_scavenger_that_could_not_start_is_started_later)
{
    front_free(front_malloc(10)); /* it has a heap to look at */
    refuse = true;
    scavenger_start();
    EXPECT(starts() == 1);
    refuse = false;
    scavenger_start();
    EXPECT(starts() == 2);
}

ISOLATED(there_is_one_scavenger_at_a_time)
{
    front_free(front_malloc(10)); /* it has a heap to look at */
    scavenger_start();
    scavenger_start();
    EXPECT(starts() == 1);
}

ISOLATED(none_is_started_when_none_is_wanted)
{
    atomic_store(&options.scavenger, 0);
    scavenger_start();
    EXPECT(starts() == 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(starting_a_thread_keeps_errno),
    cmocka_unit_test(a_scavenger_that_could_not_start_is_started_later),
    cmocka_unit_test(there_is_one_scavenger_at_a_time),
    cmocka_unit_test(none_is_started_when_none_is_wanted),
};

UNIT_MAIN(tests)
