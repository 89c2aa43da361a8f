/* heap/scavenger.c where the system has no thread for it; os/thread.c. What it gives back is judged from
 * outside, by preload/test_scavenger.c. */
#include "unit/unit.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "front/front.h"
#include "heap/scavenger.h"
#include "os/thread.h"
#include "pool/pool.h"

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

/* ---- what the LRU may keep */

enum { BLOCKS = 20, BLOCK_BYTES = 2 * SUPERSLAB_BYTES, ALL = 2 * BLOCKS, LRU_SIZE = 4 };

static void wait_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static size_t kept(void)
{
    struct pool_stats stats;
    pool_stats_read(&stats);
    return stats.warm;
}

static void make_blocks(void **blocks, size_t touched)
{
    for (int i = 0; i < BLOCKS; i++) {
        EXPECT(blocks[i] = front_malloc(BLOCK_BYTES));
        memset(blocks[i], 1, touched);
    }
}

static void free_blocks(void **blocks)
{
    for (int i = 0; i < BLOCKS; i++)
        front_free(blocks[i]);
}

/* Has a scavenger, which gives nothing back for its age, judge blocks of which so much was touched. */
static void start_beside(void **blocks, size_t touched)
{
    atomic_store(&options.ss_lru_size, LRU_SIZE);
    atomic_store(&options.decay_ms, 3600000);
    make_blocks(blocks, touched);
    scavenger_start();
    wait_ms(500); /* it judges them when it starts */
    free_blocks(blocks);
    wait_ms(100);
}

ISOLATED_UNLESS_SANITIZED(the_lru_keeps_what_was_in_use)
{
    void *blocks[BLOCKS];
    start_beside(blocks, BLOCK_BYTES);
    for (int i = 0; i < 100 && kept() < ALL; i++) { /* it had not started yet */
        make_blocks(blocks, BLOCK_BYTES);
        free_blocks(blocks);
        wait_ms(100);
    }
    EXPECT(kept() == ALL);
}

ISOLATED_UNLESS_SANITIZED(the_lru_does_not_keep_what_was_hardly_touched)
{
    void *blocks[BLOCKS];
    start_beside(blocks, 1);
    for (int i = 0; i < 6000 && kept() > LRU_SIZE; i++)
        wait_ms(10);
    EXPECT(kept() <= LRU_SIZE);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(starting_a_thread_keeps_errno),
    cmocka_unit_test(a_scavenger_that_could_not_start_is_started_later),
    cmocka_unit_test(there_is_one_scavenger_at_a_time),
    cmocka_unit_test(none_is_started_when_none_is_wanted),
    cmocka_unit_test(the_lru_keeps_what_was_in_use),
    cmocka_unit_test(the_lru_does_not_keep_what_was_hardly_touched),
};

UNIT_MAIN(tests)
