/* Threads whose end nobody tells of: the program took all keys of thread-specific data before its first
 * malloc, or there is no memory for a thread's values. What they leave is used again all the same. */
#include "blocks.h"
#include "check.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>

static pthread_key_t taken[PTHREAD_KEYS_MAX];
static unsigned taken_count;

/* Before any library's constructor, and so before most first calls of malloc. */
static void take_all_keys(void)
{
    while (taken_count < PTHREAD_KEYS_MAX && pthread_key_create(&taken[taken_count], NULL) == 0)
        taken_count++;
}

#ifdef __GLIBC__
__attribute__((section(".preinit_array"), used)) static void (*preinit)(void) = take_all_keys;
#else /* musl leaves .preinit_array out */
__attribute__((constructor(101))) static void in_first_constructor(void)
{
    take_all_keys();
}
#endif

static void *must(void *block)
{
    CHECK(block != NULL);
    return block;
}

static struct hakmem_stats stats_now(void)
{
    struct hakmem_stats stats;
    __typeof__(hakmem_stats_read) *read_stats = HAKMEM(hakmem_stats_read);
    if (read_stats == NULL)
        SKIP("another malloc");
    CHECK(read_stats(&stats, sizeof stats));
    return stats;
}

static pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, run, argument) == 0);
    return thread;
}

enum { LEFT = 200 };

/* Frees what one before it left, leaves as much, and has something in its caches. */
static void *inherit_and_leave(void *left)
{
    void **blocks = left;
    for (size_t i = 0; i < LEFT; i++) {
        if (blocks[i])
            CHECK(block_holds(blocks[i], i * 10, i));
        free(blocks[i]);
        blocks[i] = must(malloc(i * 10));
        block_fill(blocks[i], i * 10, i);
        free(must(malloc(i * 100)));
    }
    return NULL;
}

static void threads_one_after_the_other(unsigned count)
{
    void *blocks[LEFT] = {NULL};
    for (unsigned i = 0; i < count; i++)
        pthread_join(start(inherit_and_leave, blocks), NULL);
    for (size_t i = 0; i < LEFT; i++)
        free(blocks[i]);
}

static void the_keys_are_all_taken(void)
{
    pthread_key_t key;
    CHECK_THAT(taken_count > 100, "%u keys", taken_count);
    CHECK(pthread_key_create(&key, NULL) != 0);
}

static void heaps_of_ended_threads_are_used_again(void)
{
    threads_one_after_the_other(20);
    size_t before = stats_now().heaps;
    threads_one_after_the_other(1000);
    size_t after = stats_now().heaps;
    CHECK_THAT(after <= before + 4, "%zu heaps, after a thousand more threads %zu", before, after);
}

static atomic_bool go_on;
static atomic_uint rounds_done;

static void *live_on(void *seed)
{
    uint64_t random = (uintptr_t)seed;
    void *blocks[100] = {NULL};
    while (atomic_load(&go_on)) {
        for (size_t i = 0; i < 100; i++) {
            CHECK(blocks[i] == NULL || block_holds(blocks[i], 50 + i, i));
            free(blocks[i]);
            blocks[i] = must(malloc(50 + i));
            block_fill(blocks[i], 50 + i, i);
            free(must(malloc(random_below(&random, 3000))));
        }
        atomic_fetch_add(&rounds_done, 1);
    }
    for (size_t i = 0; i < 100; i++)
        free(blocks[i]);
    return NULL;
}

/* A heap is taken over only when its thread is gone. */
static void heaps_of_live_threads_are_left_alone(void)
{
    pthread_t threads[4];
    atomic_store(&go_on, true);
    for (uintptr_t i = 0; i < 4; i++)
        threads[i] = start(live_on, (void *)(i + 1));
    threads_one_after_the_other(200);
    unsigned before = atomic_load(&rounds_done);
    while (atomic_load(&rounds_done) < before + 10)
        usleep(1000);
    atomic_store(&go_on, false);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

static void child_has_threads_too(void)
{
    threads_one_after_the_other(30);
    size_t before = stats_now().heaps;
    threads_one_after_the_other(100);
    CHECK(stats_now().heaps <= before + 4);
}

static void a_child_uses_heaps_again(void)
{
    threads_one_after_the_other(5);
    atomic_store(&go_on, true);
    pthread_t other = start(live_on, (void *)9);
    for (int i = 0; i < 5; i++)
        CHECK(run_in_child(child_has_threads_too, 20) == 0);
    atomic_store(&go_on, false);
    pthread_join(other, NULL);
    heaps_of_ended_threads_are_used_again();
}

/* libc does not hear of this child: its thread has its parent's heap, and another number. */
static void a_child_behind_libcs_back_keeps_its_heap(void)
{
    threads_one_after_the_other(10);
    void *block = must(malloc(1000));
    block_fill(block, 1000, 5);
    fflush(NULL);
    pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (child == 0) {
        alarm(patient(20));
        threads_one_after_the_other(30);
        CHECK(block_holds(block, 1000, 5));
        for (size_t i = 0; i < 10000; i++)
            free(must(malloc(i)));
        _exit(0);
    }
    CHECK(wait_for(child) == 0);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(the_keys_are_all_taken),
        TEST(heaps_of_ended_threads_are_used_again),
        TEST(heaps_of_live_threads_are_left_alone),
        TEST(a_child_uses_heaps_again),
        TEST(a_child_behind_libcs_back_keeps_its_heap),
    };
    return RUN_TESTS(argc, argv, tests);
}
