/* os/lock.h: one holder at a time, and what becomes of held locks when a process forks: in a signal handler
 * too, that interrupted a call which holds some. */
#include "unit/unit.h"

#include <sched.h>
#include <unistd.h>

#include "os/lock.h"

enum { THREADS = 4, ROUNDS = 20000 };

static struct lock lock;
static long counter;

static bool is_held(void)
{
    return atomic_load(&lock.state) != 0;
}

static void *count_up(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        lock_acquire(&lock, LOCK_POOL);
        long before = counter;
        if (i % 64 == 0)
            sched_yield(); /* with the lock held: others go to sleep */
        counter = before + 1;
        lock_release(&lock, LOCK_POOL);
    }
    return unused;
}

ISOLATED(one_thread_at_a_time_holds_a_lock)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        threads[i] = unit_thread(count_up, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    EXPECT(counter == (long)THREADS * ROUNDS);
    EXPECT(!is_held());
}

ISOLATED(a_fork_holds_a_lock_until_its_end)
{
    lock_fork_begin(false);
    lock_fork_acquire(&lock);
    EXPECT(is_held());
    lock_fork_release(&lock);
    EXPECT(!is_held());
}

ISOLATED(a_fork_waits_for_the_holder)
{
    pthread_t thread = unit_thread(count_up, NULL);
    for (int i = 0; i < 100; i++) {
        do {
            lock_fork_begin(false);
            lock_fork_acquire(&lock);
        } while (lock_fork_failed());
        long before = counter;
        sched_yield();
        EXPECT(counter == before);
        lock_fork_release(&lock);
    }
    pthread_join(thread, NULL);
    EXPECT(counter == ROUNDS);
}

ISOLATED(a_fork_fails_where_a_lock_is_not_let_go)
{
    lock_acquire(&lock, LOCK_POOL);
    lock_fork_begin(false);
    lock_fork_acquire(&lock);
    EXPECT(lock_fork_failed());
    lock_fork_release(&lock);
    EXPECT(is_held());
    lock_release(&lock, LOCK_POOL);
    lock_fork_begin(false);
    lock_fork_acquire(&lock);
    EXPECT(!lock_fork_failed());
    lock_fork_release(&lock);
    EXPECT(!is_held());
}

ISOLATED(in_a_child_no_lock_is_held)
{
    lock_fork_begin(false);
    lock_fork_acquire(&lock);
    lock_fork_reset(&lock);
    EXPECT(!is_held());
}

/* What the interrupted call holds, the handler's fork neither waits for nor gives away. */
ISOLATED(a_fork_inside_leaves_a_held_lock_to_the_parent)
{
    lock_acquire(&lock, LOCK_POOL);
    lock_fork_begin(true);
    lock_fork_acquire(&lock);
    lock_fork_release(&lock);
    EXPECT(is_held());
    lock_release(&lock, LOCK_POOL);
    EXPECT(!is_held());
}

ISOLATED(a_fork_inside_leaves_a_held_lock_to_the_child)
{
    lock_acquire(&lock, LOCK_POOL);
    lock_fork_begin(true);
    lock_fork_acquire(&lock);
    lock_fork_reset(&lock);
    EXPECT(is_held());
    lock_release(&lock, LOCK_POOL);
    EXPECT(!is_held());
}

static void hold(void *unused)
{
    (void)unused;
    lock_acquire(&lock, LOCK_POOL);
}

/* The holder is a thread that the child does not have. */
ISOLATED(a_child_of_a_fork_inside_has_no_locks_of_others)
{
    unit_in_thread(hold, NULL);
    lock_fork_begin(true);
    lock_fork_reset(&lock);
    EXPECT(!is_held());
}

ISOLATED(a_lock_is_nothing_to_who_holds_all)
{
    lock_acquire(&lock, LOCK_POOL);
    lock_own_all();
    lock_acquire(&lock, LOCK_POOL);
    lock_release(&lock, LOCK_POOL);
    EXPECT(is_held());
    lock_own_all_end();
    lock_release(&lock, LOCK_POOL);
    EXPECT(!is_held());
}

static struct lock outer;
static _Atomic bool waits;

static void *hold_one_and_wait_for_the_other(void *unused)
{
    lock_acquire(&outer, LOCK_REGISTRY);
    atomic_store(&waits, true);
    lock_acquire(&lock, LOCK_POOL);
    lock_release(&lock, LOCK_POOL);
    lock_release(&outer, LOCK_REGISTRY);
    return unused;
}

/* Else the two would wait for each other: the one for the handler to return, in which the other forks. */
ISOLATED(a_fork_inside_does_not_wait_for_who_waits_for_it)
{
    lock_acquire(&lock, LOCK_POOL);
    pthread_t thread = unit_thread(hold_one_and_wait_for_the_other, NULL);
    while (!atomic_load(&waits))
        sched_yield();
    lock_fork_begin(true);
    lock_fork_acquire(&outer);
    lock_fork_acquire(&lock);
    lock_fork_release(&lock);
    lock_fork_release(&outer);
    EXPECT(is_held() && atomic_load(&outer.state) != 0);
    lock_release(&lock, LOCK_POOL);
    pthread_join(thread, NULL);
    EXPECT(!is_held() && atomic_load(&outer.state) == 0);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_thread_at_a_time_holds_a_lock),
    cmocka_unit_test(a_fork_holds_a_lock_until_its_end),
    cmocka_unit_test(a_fork_waits_for_the_holder),
    cmocka_unit_test(a_fork_fails_where_a_lock_is_not_let_go),
    cmocka_unit_test(in_a_child_no_lock_is_held),
    cmocka_unit_test(a_fork_inside_leaves_a_held_lock_to_the_parent),
    cmocka_unit_test(a_fork_inside_leaves_a_held_lock_to_the_child),
    cmocka_unit_test(a_child_of_a_fork_inside_has_no_locks_of_others),
    cmocka_unit_test(a_fork_inside_does_not_wait_for_who_waits_for_it),
    cmocka_unit_test(a_lock_is_nothing_to_who_holds_all),
};

UNIT_MAIN(tests)
