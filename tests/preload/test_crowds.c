/* Very many threads, one after the other or at once: what they leave is bounded. */
#include "blocks.h"
#include "check.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>

static void *must(void *block)
{
    CHECK(block != NULL);
    return block;
}

static size_t resident_kib(void)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%*u %zu", &pages) == 1);
    fclose(file);
    return pages * (size_t)sysconf(_SC_PAGESIZE) / 1024;
}

static size_t heaps(void)
{
    struct hakmem_stats stats;
    __typeof__(hakmem_stats_read) *read_stats = HAKMEM(hakmem_stats_read);
    return read_stats != NULL && read_stats(&stats, sizeof stats) ? stats.heaps : 0;
}

static const pthread_attr_t *small_stack(void)
{
    static pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 * 1024);
    return &attributes;
}

enum { AT_ONCE = 4 };

static void run_threads(int count, void *(*run)(void *), void *arguments[AT_ONCE])
{
    pthread_t threads[AT_ONCE];
    const pthread_attr_t *attributes = small_stack();
    for (int i = 0; another_round(i, count / AT_ONCE); i++) {
        for (int j = 0; j < AT_ONCE; j++)
            CHECK(pthread_create(&threads[j], attributes, run, arguments[j]) == 0);
        for (int j = 0; j < AT_ONCE; j++)
            pthread_join(threads[j], NULL);
    }
}

/* --- one after the other --------------------------------------------------------------------------- */

enum { LEFT = 20, OTHER_HEAPS = 3 /* the main thread's, the scavenger's, that of all without one */ };

static void *free_and_leave(void *left)
{
    void **blocks = left;
    for (size_t i = 0; i < LEFT; i++) {
        free(blocks[i]);
        blocks[i] = must(malloc(i * i * 10));
    }
    return NULL;
}

static void a_hundred_thousand_short_threads_leave_nothing(void)
{
    static void *left[AT_ONCE][LEFT];
    void *arguments[AT_ONCE] = {left[1], left[0], left[3], left[2]};
    run_threads(2000, free_and_leave, arguments);
    size_t before = resident_kib();
    run_threads(100000, free_and_leave, arguments);
    size_t after = resident_kib();
    CHECK_THAT(after <= before + 2048, "from %zu KiB resident to %zu", before, after);
    CHECK_THAT(heaps() <= AT_ONCE + OTHER_HEAPS, "%zu heaps", heaps());
}

static void *touch_nothing(void *unused)
{
    return unused;
}

/* libc's own blocks for a thread are freed from threads that have no heap, or none any more. */
static void threads_that_never_allocate_have_no_heap(void)
{
    void *arguments[AT_ONCE] = {NULL};
    run_threads(100, touch_nothing, arguments);
    size_t before = heaps();
    run_threads(2000, touch_nothing, arguments);
    CHECK_THAT(heaps() <= before + 1, "from %zu heaps to %zu", before, heaps());
}

/* A thread's values of all but the first keys lie in vectors that libc frees last of all. */
enum { KEYS = 500 };
static pthread_key_t keys[KEYS];

static void *set_all_values(void *unused)
{
    for (size_t i = 0; i < KEYS; i++)
        CHECK(pthread_setspecific(keys[i], must(malloc(i))) == 0);
    return unused;
}

static void vectors_of_values_are_freed_after_the_heap_was_left(void)
{
    void *arguments[AT_ONCE] = {NULL};
    for (int i = 0; i < KEYS; i++)
        CHECK(pthread_key_create(&keys[i], free) == 0);
    run_threads(400, set_all_values, arguments);
    size_t before = resident_kib();
    run_threads(4000, set_all_values, arguments);
    size_t after = resident_kib();
    CHECK_THAT(after <= before + 2048, "from %zu KiB resident to %zu", before, after);
}

/* Only frees, and ends: what was in its magazines is not lost. */
static void *free_list(void *list)
{
    for (void **at = list, **next; at != NULL; at = next) {
        next = *at;
        free(at);
    }
    return NULL;
}

static void *make_list(void)
{
    void *list = NULL;
    for (size_t i = 0; i < 200; i++) {
        void **link = must(malloc(32 + i % 7 * 100));
        *link = list;
        list = link;
    }
    return list;
}

static void threads_that_only_free_lose_nothing(void)
{
    size_t before = 0;
    for (int i = 0; i < 4000; i++) {
        void *arguments[AT_ONCE] = {make_list(), make_list(), make_list(), make_list()};
        run_threads(AT_ONCE, free_list, arguments);
        if (i == 400)
            before = resident_kib();
    }
    size_t after = resident_kib();
    CHECK_THAT(after <= before + 4096, "from %zu KiB resident to %zu", before, after);
}

/* --- at once --------------------------------------------------------------------------------------- */

enum { LIVE_THREADS = 2000 };
static pthread_barrier_t all_there, all_may_end;
static void *held[LIVE_THREADS];

static void *hold_a_block(void *at)
{
    for (size_t size = 1; size < 3000; size *= 3)
        free(must(malloc(size)));
    *(void **)at = must(malloc(500));
    pthread_barrier_wait(&all_there);
    pthread_barrier_wait(&all_may_end);
    return NULL;
}

static void start_all(pthread_t *threads)
{
    const pthread_attr_t *attributes = small_stack();
    pthread_barrier_init(&all_there, NULL, LIVE_THREADS + 1);
    pthread_barrier_init(&all_may_end, NULL, LIVE_THREADS + 1);
    for (size_t i = 0; i < LIVE_THREADS; i++) {
        int error = pthread_create(&threads[i], attributes, hold_a_block, &held[i]);
        if (error == EAGAIN)
            SKIP("the system has no %d threads", LIVE_THREADS);
        CHECK(error == 0);
    }
    pthread_barrier_wait(&all_there);
}

static void two_thousand_live_threads(void)
{
    static pthread_t threads[LIVE_THREADS];
    size_t resident[2];
    for (int round = 0; round < 2; round++) {
        start_all(threads);
        for (size_t i = 0; i < LIVE_THREADS; i++)
            free(held[i]);
        pthread_barrier_wait(&all_may_end);
        for (size_t i = 0; i < LIVE_THREADS; i++)
            pthread_join(threads[i], NULL);
        resident[round] = resident_kib();
    }
    CHECK_THAT(resident[1] <= resident[0] + 8192, "%zu KiB resident, after 2000 more %zu", resident[0],
               resident[1]);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(a_hundred_thousand_short_threads_leave_nothing),
        TEST(threads_that_never_allocate_have_no_heap),
        TEST(vectors_of_values_are_freed_after_the_heap_was_left),
        TEST(threads_that_only_free_lose_nothing),
        TEST(two_thousand_live_threads),
    };
    return RUN_TESTS(argc, argv, tests);
}
