/* Children that libc does not make, and very many that it does. test_fork.c has what forks usually are. */
#include "blocks.h"
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

enum { THREADS = 8, SLOTS = 64, FORKS = 500 };

static void *must(void *block)
{
    CHECK(block != NULL);
    return block;
}

static void allocate_and_free(uint64_t seed, int steps)
{
    void *blocks[SLOTS] = {NULL};
    size_t sizes[SLOTS] = {0};
    for (int i = 0; i < steps; i++) {
        size_t slot = random_below(&seed, SLOTS);
        if (blocks[slot])
            CHECK(block_holds(blocks[slot], sizes[slot], slot));
        free(blocks[slot]);
        sizes[slot] = random_below(&seed, random_below(&seed, 50) ? 1000 : 100000);
        block_fill(blocks[slot] = must(malloc(sizes[slot])), sizes[slot], slot);
    }
    for (size_t i = 0; i < SLOTS; i++)
        free(blocks[i]);
}

/* --- forks by the hundred --------------------------------------------------------------------------- */

static atomic_bool go_on;
static _Atomic(void *) handed_over[128];

static void *keep_busy(void *seed)
{
    uint64_t random = (uintptr_t)seed;
    while (atomic_load(&go_on)) {
        allocate_and_free(random_next(&random), 100);
        for (int i = 0; i < 50; i++)
            free(atomic_exchange(&handed_over[random_below(&random, 128)],
                                 malloc(random_below(&random, 3000))));
        usleep(1000); /* or eight of them leave the children no processor */
    }
    return NULL;
}

static void *work_and_hand_over(void *seed)
{
    allocate_and_free((uintptr_t)seed, 100);
    return must(malloc(700));
}

static void use_threads(void)
{
    pthread_t threads[2];
    for (uintptr_t i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, work_and_hand_over, (void *)i) == 0);
    for (int i = 0; i < 2; i++) {
        void *block;
        CHECK(pthread_join(threads[i], &block) == 0);
        free(block);
    }
}

static void live_as_child(void)
{
    allocate_and_free((uint64_t)getpid(), 100);
    use_threads();
    for (int i = 0; i < 128; i++)
        free(atomic_exchange(&handed_over[i], NULL));
    allocate_and_free((uint64_t)getpid(), 100);
}

/* Five hundred, or as many as a loaded machine does in half of the time that a test has. */
static void many_forks_beside_eight_threads(void)
{
    pthread_t threads[THREADS];
    atomic_store(&go_on, true);
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, keep_busy, (void *)(i + 1)) == 0);
    double end = seconds_now() + CHECK_SECONDS / 2.0;
    for (int i = 0; i < FORKS && seconds_now() < end; i++) {
        int status = run_in_child(live_as_child, 10);
        CHECK_THAT(status == 0, "child %d ended with %d (%s)", i, status, check_verdict(status));
    }
    atomic_store(&go_on, false);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* --- children that share the memory ------------------------------------------------------------------ */

static void *made_by_child;

static void vfork_and_allocate(void *given)
{
    pid_t child = vfork();
    if (child == 0) {
        free(given);
        made_by_child = malloc(400);
        _exit(made_by_child == NULL);
    }
    CHECK(wait_for(child) == 0);
}

static void a_vforked_child_allocates_for_its_parent(void)
{
    for (int i = 0; i < 100; i++) {
        vfork_and_allocate(must(malloc(300)));
        memset(made_by_child, 1, 400);
        free(made_by_child);
    }
    allocate_and_free(1, 1000);
}

static _Alignas(16) char child_stack[65536];
static atomic_uint child_counter;

static int count_without_malloc(void *limit)
{
    for (unsigned i = 0; i < *(unsigned *)limit; i++)
        atomic_fetch_add(&child_counter, 1);
    return 0;
}

/* As sandboxes and debuggers do it: a process in the same memory, on a stack of its own. */
static void a_process_in_the_same_memory_does_no_harm(void)
{
    unsigned limit = 100000;
    pid_t child = clone(count_without_malloc, child_stack + sizeof child_stack, CLONE_VM | SIGCHLD, &limit);
    if (child < 0)
        SKIP("no clone here");
    allocate_and_free(2, 20000);
    CHECK(wait_for(child) == 0 && atomic_load(&child_counter) == limit);
    use_threads();
}

/* --- children behind libc's back --------------------------------------------------------------------- */

static pid_t fork_behind_libc(void)
{
    fflush(NULL);
    return (pid_t)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static void a_child_of_a_raw_clone_lives_on(void)
{
    unsigned char *block = must(malloc(5000));
    block_fill(block, 5000, 3);
    pid_t child = fork_behind_libc();
    if (child == 0) {
        alarm(patient(10));
        CHECK(block_holds(block, 5000, 3));
        free(block);
        live_as_child();
        _exit(0);
    }
    CHECK(wait_for(child) == 0);
    CHECK(block_holds(block, 5000, 3));
    free(block);
}

static pthread_barrier_t has_allocated, may_end;

static void *allocate_and_wait(void *blocks)
{
    for (size_t i = 0; i < SLOTS; i++)
        block_fill(((void **)blocks)[i] = must(malloc(i * 100)), i * 100, i);
    pthread_barrier_wait(&has_allocated);
    pthread_barrier_wait(&may_end);
    return NULL;
}

/* Of the parent's other threads none is in the allocator at that moment. */
static void a_child_of_a_raw_clone_frees_what_other_threads_made(void)
{
    static void *blocks[SLOTS];
    pthread_t thread;
    pthread_barrier_init(&has_allocated, NULL, 2);
    pthread_barrier_init(&may_end, NULL, 2);
    CHECK(pthread_create(&thread, NULL, allocate_and_wait, blocks) == 0);
    pthread_barrier_wait(&has_allocated);
    pid_t child = fork_behind_libc();
    if (child == 0)
        alarm(patient(10));
    for (size_t i = 0; i < SLOTS; i++) {
        CHECK(block_holds(blocks[i], i * 100, i));
        free(blocks[i]);
    }
    allocate_and_free(7, 3000);
    if (child == 0)
        _exit(0);
    CHECK(wait_for(child) == 0);
    pthread_barrier_wait(&may_end);
    pthread_join(thread, NULL);
}

static void raw_clones_in_raw_clones(void)
{
    pid_t child;
    for (int depth = 0; depth < 10; depth++) {
        allocate_and_free((uint64_t)depth, 200);
        child = fork_behind_libc();
        if (child > 0) {
            CHECK(wait_for(child) == 0);
            if (depth > 0)
                _exit(0);
            return;
        }
        alarm(patient(10));
    }
    live_as_child();
    _exit(run_in_child(live_as_child, 10));
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(many_forks_beside_eight_threads),
        TEST(a_vforked_child_allocates_for_its_parent),
        TEST(a_process_in_the_same_memory_does_no_harm),
        TEST(a_child_of_a_raw_clone_lives_on),
        TEST(a_child_of_a_raw_clone_frees_what_other_threads_made),
        TEST(raw_clones_in_raw_clones),
    };
    return RUN_TESTS(argc, argv, tests);
}
