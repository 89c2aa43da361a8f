/* Processes that fork while their threads are inside the allocator, and what their children do then.
 * Every child has an alarm, so a deadlock is a failure and not a hang. */
#include "blocks.h"
#include "check.h"

#include <pthread.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/mman.h>

extern char **environ;

enum { BUSY_THREADS = 4, CHILD_SECONDS = 10, LEGACY_BLOCKS = 3000 };

static void *must(void *block)
{
    CHECK(block != NULL);
    return block;
}

static atomic_bool busy_threads_go_on;
static pthread_t busy_threads[BUSY_THREADS];

static size_t any_size(uint64_t *random)
{
    size_t kind = random_below(random, 1000);
    return random_below(random, kind < 950 ? 1000 : kind < 998 ? 30000 : 2000000);
}

static void allocate_and_free(uint64_t *random, int steps)
{
    void *blocks[64] = {NULL};
    size_t sizes[64] = {0};
    for (int i = 0; i < steps; i++) {
        size_t slot = random_below(random, 64), size = any_size(random);
        if (blocks[slot] != NULL)
            CHECK(block_holds(blocks[slot], sizes[slot] < 200 ? sizes[slot] : 200, slot));
        free(blocks[slot]);
        blocks[slot] = must(malloc(size));
        block_fill(blocks[slot], size < 200 ? size : 200, slot);
        sizes[slot] = size;
    }
    for (int i = 0; i < 64; i++)
        free(blocks[i]);
}

/* Blocks that the busy threads hand to each other, so that frees come from other threads. */
static _Atomic(void *) handed_over[256];

static void *keep_busy(void *seed)
{
    uint64_t random = (uintptr_t)seed << 40;
    while (atomic_load(&busy_threads_go_on)) {
        allocate_and_free(&random, 100);
        for (int i = 0; i < 100; i++)
            free(atomic_exchange(&handed_over[random_below(&random, 256)],
                                 malloc(random_below(&random, 500))));
    }
    return NULL;
}

static void start_busy_threads(void)
{
    atomic_store(&busy_threads_go_on, true);
    for (uintptr_t i = 0; i < BUSY_THREADS; i++)
        CHECK(pthread_create(&busy_threads[i], NULL, keep_busy, (void *)(i + 1)) == 0);
}

static void stop_busy_threads(void)
{
    atomic_store(&busy_threads_go_on, false);
    for (int i = 0; i < BUSY_THREADS; i++)
        CHECK(pthread_join(busy_threads[i], NULL) == 0);
}

/* Blocks made before the fork, some by threads that the child does not have. */
static struct {
    void *block;
    size_t size;
} legacy[LEGACY_BLOCKS];

static void *make_legacy(void *half)
{
    uint64_t random = 11;
    for (size_t i = half ? LEGACY_BLOCKS / 2 : 0, end = i + LEGACY_BLOCKS / 2; i < end; i++) {
        legacy[i].size = any_size(&random);
        legacy[i].block = must(malloc(legacy[i].size));
        block_fill(legacy[i].block, legacy[i].size < 3000 ? legacy[i].size : 3000, i);
    }
    return NULL;
}

static void make_legacy_in_two_threads(void)
{
    pthread_t other;
    CHECK(pthread_create(&other, NULL, make_legacy, legacy) == 0);
    make_legacy(NULL);
    pthread_join(other, NULL);
}

static void free_legacy(void)
{
    for (size_t i = 0; i < LEGACY_BLOCKS; i++) {
        CHECK(block_holds(legacy[i].block, legacy[i].size < 3000 ? legacy[i].size : 3000, i));
        if (i % 5 == 0)
            legacy[i].block = must(realloc(legacy[i].block, legacy[i].size * 2 + 1));
        free(legacy[i].block);
    }
}

static void *work_in_thread(void *seed)
{
    uint64_t random = (uintptr_t)seed;
    allocate_and_free(&random, 300);
    return malloc(100);
}

static void use_threads(void)
{
    pthread_t threads[3];
    for (uintptr_t i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, work_in_thread, (void *)i) == 0);
    for (int i = 0; i < 3; i++) {
        void *block;
        CHECK(pthread_join(threads[i], &block) == 0);
        free(must(block));
    }
}

static void expect_success(int status)
{
    CHECK_THAT(status == 0, "the child ended with %d (%s)", status, check_verdict(status));
}

/* --- plain fork ----------------------------------------------------------------------------------- */

static void child_allocates(void)
{
    uint64_t random = (uint64_t)getpid();
    allocate_and_free(&random, 300);
    for (int i = 0; i < 256; i++)
        free(atomic_exchange(&handed_over[i], NULL));
}

static void fork_amid_allocation_200_times(void)
{
    start_busy_threads();
    for (int i = 0; another_round(i, 200); i++)
        expect_success(run_in_child(child_allocates, CHILD_SECONDS));
    stop_busy_threads();
}

static void child_frees_legacy(void)
{
    free_legacy();
    child_allocates();
}

static void the_child_frees_its_parents_blocks(void)
{
    make_legacy_in_two_threads();
    start_busy_threads();
    for (int i = 0; another_round(i, 20); i++)
        expect_success(run_in_child(child_frees_legacy, CHILD_SECONDS));
    stop_busy_threads();
    free_legacy(); /* the parent's are still whole */
}

static void child_starts_threads(void)
{
    use_threads();
    child_allocates();
    use_threads();
}

static void the_child_starts_threads(void)
{
    start_busy_threads();
    for (int i = 0; another_round(i, 50); i++)
        expect_success(run_in_child(child_starts_threads, CHILD_SECONDS));
    stop_busy_threads();
}

static void grandchild(void)
{
    child_starts_threads();
}

static void child_forks(void)
{
    start_busy_threads();
    for (int i = 0; i < 5; i++)
        expect_success(run_in_child(grandchild, CHILD_SECONDS));
    stop_busy_threads();
}

static void fork_in_fork(void)
{
    make_legacy_in_two_threads();
    start_busy_threads();
    for (int i = 0; another_round(i, 10); i++)
        expect_success(run_in_child(child_forks, 2 * CHILD_SECONDS));
    stop_busy_threads();
    free_legacy();
}

static void fork_ten_deep(void)
{
    static int depth;
    uint64_t random = (uint64_t)depth;
    allocate_and_free(&random, 200);
    if (depth++ < 10)
        expect_success(run_in_child(fork_ten_deep, CHILD_SECONDS));
    allocate_and_free(&random, 200);
}

static void *fork_in_thread(void *unused)
{
    for (int i = 0; i < 15; i++)
        expect_success(run_in_child(child_starts_threads, CHILD_SECONDS));
    return unused;
}

static void threads_that_fork_at_once(void)
{
    pthread_t threads[4];
    start_busy_threads();
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, fork_in_thread, NULL) == 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    stop_busy_threads();
}

/* The child of a thread's fork ends by leaving that thread's function. */
static void *fork_and_return_in_the_child(void *result)
{
    uint64_t random = 4;
    allocate_and_free(&random, 100);
    pid_t child = fork();
    if (child == 0)
        alarm(patient(CHILD_SECONDS));
    allocate_and_free(&random, 100);
    if (child > 0)
        *(int *)result = wait_for(child);
    return NULL;
}

static void a_forked_thread_may_end_in_the_child(void)
{
    for (int i = 0; another_round(i, 30); i++) {
        int status = -1;
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, fork_and_return_in_the_child, &status) == 0);
        pthread_join(thread, NULL);
        expect_success(status);
    }
}

/* A child that lives on and uses what its lost threads held does not grow. */
static void child_reuses_memory(void)
{
    free_legacy();
    size_t rounds = 40, resident[2] = {0, 0};
    for (size_t i = 0; i < rounds; i++) {
        make_legacy_in_two_threads();
        free_legacy();
        if (i != 5 && i != rounds - 1)
            continue;
        FILE *file = fopen("/proc/self/statm", "r");
        CHECK(file != NULL && fscanf(file, "%*u %zu", &resident[i != 5]) == 1);
        fclose(file);
    }
    CHECK_THAT(resident[1] < resident[0] + 16384, "from %zu to %zu pages", resident[0], resident[1]);
}

static void a_child_that_lives_on_does_not_grow(void)
{
    make_legacy_in_two_threads();
    start_busy_threads();
    expect_success(run_in_child(child_reuses_memory, 30));
    stop_busy_threads();
}

/* --- other ways to get a process ------------------------------------------------------------------ */

static void vfork_and_exec(void)
{
    start_busy_threads();
    for (int i = 0; another_round(i, 50); i++) {
        pid_t child = vfork();
        if (child == 0) {
            execl("/bin/true", "true", (char *)NULL);
            _exit(127);
        }
        CHECK(child > 0);
        expect_success(wait_for(child));
    }
    stop_busy_threads();
}

static void spawn(void)
{
    start_busy_threads();
    for (int i = 0; another_round(i, 50); i++) {
        pid_t child;
        char *arguments[] = {(char[]){"sh"}, (char[]){"-c"}, (char[]){"exit 3"}, NULL};
        CHECK(posix_spawn(&child, "/bin/sh", NULL, NULL, arguments, environ) == 0);
        CHECK(wait_for(child) == 3);
    }
    stop_busy_threads();
}

static void system_and_popen(void)
{
    start_busy_threads();
    for (int i = 0; another_round(i, 20); i++) {
        char line[20] = "";
        CHECK(system("exit 0") == 0);
        FILE *pipe = popen("echo hello", "r");
        CHECK(pipe != NULL && fgets(line, sizeof line, pipe) != NULL);
        CHECK(pclose(pipe) == 0 && strcmp(line, "hello\n") == 0);
    }
    stop_busy_threads();
}

/* fork, leave the session, fork again: only the grandchild works, and says through a pipe how it went. */
static void daemons_fork_twice(void)
{
    make_legacy_in_two_threads();
    start_busy_threads();
    for (int i = 0; another_round(i, 20); i++) {
        int ends[2];
        char word[8] = "";
        CHECK(pipe(ends) == 0);
        pid_t child = fork();
        if (child == 0) {
            setsid();
            if (fork() != 0)
                _exit(0);
            alarm(patient(CHILD_SECONDS));
            close(ends[0]);
            child_frees_legacy();
            use_threads();
            _exit(write(ends[1], "done", 4) != 4);
        }
        close(ends[1]);
        expect_success(wait_for(child));
        CHECK(read(ends[0], word, sizeof word) == 4);
        close(ends[0]);
    }
    stop_busy_threads();
}

/* --- atfork handlers of the program's own --------------------------------------------------------- */

static char *made_in_prepare;

static void allocate_in_prepare(void)
{
    uint64_t random = 21;
    allocate_and_free(&random, 50);
    made_in_prepare = must(malloc(3000));
    block_fill(made_in_prepare, 3000, 5);
}

static void allocate_after(void)
{
    uint64_t random = 22;
    CHECK(block_holds(made_in_prepare, 3000, 5));
    free(made_in_prepare);
    allocate_and_free(&random, 50);
}

static void atfork_handlers_allocate(void)
{
    start_busy_threads();
    CHECK(pthread_atfork(allocate_in_prepare, allocate_after, allocate_after) == 0);
    for (int i = 0; another_round(i, 50); i++)
        expect_success(run_in_child(child_allocates, CHILD_SECONDS));
    CHECK(pthread_atfork(allocate_in_prepare, NULL, NULL) == 0);
    CHECK(pthread_atfork(NULL, allocate_after, allocate_after) == 0);
    stop_busy_threads();
}

/* Handlers registered before any library's constructor ran come last in prepare, first in the child. */
static bool early_handlers_allocate;

static void early_prepare(void)
{
    if (early_handlers_allocate)
        allocate_in_prepare();
}

static void early_after(void)
{
    if (early_handlers_allocate)
        allocate_after();
}

static void register_early_handlers(void)
{
    if (pthread_atfork(early_prepare, early_after, early_after) != 0)
        abort();
}

__attribute__((section(".preinit_array"), used)) static void (*preinit)(void) = register_early_handlers;

static void early_atfork_handlers_allocate(void)
{
    early_handlers_allocate = true;
    start_busy_threads();
    for (int i = 0; another_round(i, 50); i++)
        expect_success(run_in_child(child_allocates, CHILD_SECONDS));
    stop_busy_threads();
}

/* The handlers themselves take a lock that threads hold while they allocate. */
static pthread_mutex_t handler_lock = PTHREAD_MUTEX_INITIALIZER;

static void lock_in_prepare(void)
{
    pthread_mutex_lock(&handler_lock);
}

static void unlock_after(void)
{
    pthread_mutex_unlock(&handler_lock);
}

static void *allocate_under_lock(void *unused)
{
    uint64_t random = 31;
    while (atomic_load(&busy_threads_go_on)) {
        pthread_mutex_lock(&handler_lock);
        allocate_and_free(&random, 20);
        pthread_mutex_unlock(&handler_lock);
        usleep(200); /* the mutex is not fair: the fork must get its turn */
    }
    return unused;
}

static void atfork_handlers_may_wait_for_threads_that_allocate(void)
{
    pthread_t threads[2];
    start_busy_threads();
    CHECK(pthread_atfork(lock_in_prepare, unlock_after, unlock_after) == 0);
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, allocate_under_lock, NULL) == 0);
    for (int i = 0; another_round(i, 30); i++)
        expect_success(run_in_child(child_allocates, CHILD_SECONDS));
    stop_busy_threads();
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

/* stdio's locks are held over fork by glibc: a stream that allocates in other threads. */
static void *use_streams(void *unused)
{
    while (atomic_load(&busy_threads_go_on)) {
        FILE *stream = fopen("/dev/null", "w");
        if (stream == NULL)
            continue;
        for (int i = 0; i < 20; i++)
            fprintf(stream, "%d %s\n", i, "line");
        fclose(stream);
    }
    return unused;
}

static void child_uses_streams(void)
{
    atomic_store(&busy_threads_go_on, false);
    use_streams(NULL);
    FILE *stream = fopen("/dev/null", "w");
    CHECK(stream != NULL);
    fprintf(stream, "child\n");
    fclose(stream);
    child_allocates();
}

static void fork_amid_stdio(void)
{
    pthread_t threads[2];
    start_busy_threads();
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, use_streams, NULL) == 0);
    for (int i = 0; another_round(i, 50); i++)
        expect_success(run_in_child(child_uses_streams, CHILD_SECONDS));
    stop_busy_threads();
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(fork_amid_allocation_200_times),
        TEST(the_child_frees_its_parents_blocks),
        TEST(the_child_starts_threads),
        TEST(fork_in_fork),
        TEST(fork_ten_deep),
        TEST(threads_that_fork_at_once),
        TEST(a_forked_thread_may_end_in_the_child),
        TEST(a_child_that_lives_on_does_not_grow),
        TEST(vfork_and_exec),
        TEST(spawn),
        TEST(system_and_popen),
        TEST(daemons_fork_twice),
        TEST(atfork_handlers_allocate),
        TEST(early_atfork_handlers_allocate),
        TEST(atfork_handlers_may_wait_for_threads_that_allocate),
        TEST(fork_amid_stdio),
    };
    return RUN_TESTS(argc, argv, tests);
}
