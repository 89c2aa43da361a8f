/* Memory goes back without a call: when a thread does it, when there is none, and that it never touches a
 * live block. Waits are generous, and nothing here depends on how long they take. */
#include "blocks.h"
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

enum { BLOCKS = 60000, WAIT_SECONDS = 15 };

static void *blocks[BLOCKS];

static struct hakmem_stats stats_now(void)
{
    struct hakmem_stats stats;
    CHECK(HAKMEM(hakmem_stats_read)(&stats, sizeof stats));
    return stats;
}

static void set_option(const char *name, const char *value)
{
    CHECK(HAKMEM(hakmem_option_set)(name, value));
}

static void need_hakmem(void)
{
    if (!hakmem_is_here())
        SKIP("another malloc");
    set_option("HAKMEM_DECAY_MS", "100");
}

static size_t resident_bytes(void)
{
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY);
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    CHECK(n > 0);
    text[n] = 0;
    char *second = strchr(text, ' ');
    return (size_t)strtoul(second, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static bool is_scavenger(const char *task)
{
    char path[300], name[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", task);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, name, sizeof name - 1);
    close(fd);
    return n > 0 && strcmp(name, "hakmem\n") == 0;
}

static unsigned scavengers(void)
{
    unsigned n = 0;
    DIR *tasks = opendir("/proc/self/task");
    CHECK(tasks != NULL);
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        n += entry->d_name[0] != '.' && is_scavenger(entry->d_name);
    closedir(tasks);
    return n;
}

/* Sleeps until a condition holds, or for long. */
#define WAIT_UNTIL(condition)                                                                                \
    do {                                                                                                     \
        double end = seconds_now() + patient(WAIT_SECONDS);                                                  \
        while (!(condition) && seconds_now() < end)                                                          \
            usleep(20000);                                                                                   \
        CHECK(condition);                                                                                    \
    } while (0)

static void allocate(size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++) {
        CHECK((blocks[i] = malloc(size)) != NULL);
        block_fill(blocks[i], size, i);
    }
}

static bool is_survivor(size_t i)
{
    return i % 200 < 10;
}

static void free_most(size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_survivor(i))
            free(blocks[i]);
}

static void verify_survivors(size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++)
        if (is_survivor(i))
            CHECK(block_holds(blocks[i], size, i));
}

static void free_survivors(size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_survivor(i))
            free(blocks[i]);
}

/* ---- memory goes back */

static void memory_goes_back_without_a_call(void)
{
    need_hakmem();
    size_t before = resident_bytes();
    allocate(BLOCKS, 1000);
    size_t full = resident_bytes() - before;
    free_most(BLOCKS);
    WAIT_UNTIL(resident_bytes() < before + full / 3);
    verify_survivors(BLOCKS, 1000);
    WAIT_UNTIL(scavengers() == 0);
    free_survivors(BLOCKS);
}

static void large_blocks_go_back_without_a_call(void)
{
    need_hakmem();
    size_t before = resident_bytes();
    allocate(60, 700 * KIB);
    allocate(60, 700 * KIB); /* the first 60 stay */
    size_t full = resident_bytes() - before;
    for (size_t i = 0; i < 60; i++)
        free(blocks[i]);
    WAIT_UNTIL(resident_bytes() < before + full * 6 / 10);
}

static pthread_barrier_t barrier;
enum { SLEEPERS = 4 };

static void *allocate_and_sleep(void *argument)
{
    size_t first = (size_t)(uintptr_t)argument * (BLOCKS / SLEEPERS);
    for (size_t i = first; i < first + BLOCKS / SLEEPERS; i++) {
        CHECK((blocks[i] = malloc(1000)) != NULL);
        block_fill(blocks[i], 1000, i);
    }
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    return NULL;
}

static void what_sleeping_threads_allocated_goes_back(void)
{
    need_hakmem();
    pthread_t threads[SLEEPERS];
    size_t before = resident_bytes();
    pthread_barrier_init(&barrier, NULL, SLEEPERS + 1);
    for (uintptr_t i = 0; i < SLEEPERS; i++)
        CHECK(pthread_create(&threads[i], NULL, allocate_and_sleep, (void *)i) == 0);
    pthread_barrier_wait(&barrier);
    size_t full = resident_bytes() - before;
    free_most(BLOCKS);
    WAIT_UNTIL(resident_bytes() < before + full / 3);
    verify_survivors(BLOCKS, 1000);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < SLEEPERS; i++)
        pthread_join(threads[i], NULL);
    free_survivors(BLOCKS);
}

/* ---- when there is a thread */

static void a_small_process_has_no_thread(void)
{
    need_hakmem();
    allocate(2000, 1000);
    for (size_t i = 0; i < 2000; i++)
        free(blocks[i]);
    usleep(300000);
    CHECK(scavengers() == 0 && stats_now().scavenger_starts == 0);
}

static void switched_off_there_is_never_a_thread(void)
{
    need_hakmem();
    set_option("HAKMEM_SCAVENGER", "0");
    allocate(BLOCKS, 1000);
    free_most(BLOCKS);
    usleep(300000);
    CHECK(scavengers() == 0 && stats_now().scavenger_starts == 0);
    verify_survivors(BLOCKS, 1000);
}

static void switched_off_it_ends(void)
{
    need_hakmem();
    set_option("HAKMEM_DECAY_MS", "3600000");
    allocate(BLOCKS, 1000);
    free_most(BLOCKS);
    WAIT_UNTIL(scavengers() == 1);
    set_option("HAKMEM_SCAVENGER", "0");
    WAIT_UNTIL(scavengers() == 0);
}

static void a_shorter_decay_counts_at_once(void)
{
    need_hakmem();
    set_option("HAKMEM_DECAY_MS", "3600000");
    size_t before = resident_bytes();
    allocate(BLOCKS, 1000);
    size_t full = resident_bytes() - before;
    free_most(BLOCKS);
    WAIT_UNTIL(scavengers() == 1);
    set_option("HAKMEM_DECAY_MS", "20");
    WAIT_UNTIL(resident_bytes() < before + full / 3);
}

/* After a first time a program of one thread still is one. */
static void one_thread_stays_one_thread(void)
{
    need_hakmem();
    allocate(BLOCKS, 1000);
    free_most(BLOCKS);
    WAIT_UNTIL(stats_now().scavenger_starts == 1);
    free_survivors(BLOCKS);
    WAIT_UNTIL(scavengers() == 0);
    uint64_t starts = stats_now().scavenger_starts;
    allocate(7000, 1000);
    for (size_t i = 0; i < 7000; i++)
        free(blocks[i]);
    usleep(300000);
    CHECK(stats_now().scavenger_starts == starts);
}

/* An LRU that overflows all the time is evicted, but slabs are not found quiet any sooner. */
static void churn_makes_no_more_passes(void)
{
    need_hakmem();
    set_option("HAKMEM_DECAY_MS", "1000");
    set_option("HAKMEM_SS_LRU_SIZE", "1");
    allocate(BLOCKS, 1000);
    free_most(BLOCKS);
    uint64_t before = stats_now().scavenger_passes;
    double begin = seconds_now();
    while (seconds_now() < begin + 2)
        for (size_t i = 0; i < 20; i++) {
            void *huge[8];
            for (size_t j = 0; j < 8; j++)
                *(char *)(huge[j] = malloc(3 * MIB)) = 1;
            for (size_t j = 0; j < 8; j++)
                free(huge[j]);
        }
    CHECK((double)(stats_now().scavenger_passes - before) <= (seconds_now() - begin) * 2 + 2);
}

/* ---- what starting and having a thread must not do */

static size_t mapped_bytes(void)
{
    char text[128] = "";
    int fd = open("/proc/self/statm", O_RDONLY);
    CHECK(read(fd, text, sizeof text - 1) > 0);
    close(fd);
    return (size_t)strtoul(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

static void where_no_thread_can_be_started_free_goes_on(void)
{
    need_hakmem();
    allocate(BLOCKS, 1000);
    struct rlimit limit = {mapped_bytes() + 4096, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    double begin = seconds_now();
    for (int round = 0; round < 10; round++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            errno = 77;
            free(blocks[i]);
            CHECK(errno == 77);
        }
        for (size_t i = 0; round < 9 && i < BLOCKS; i++)
            blocks[i] = malloc(1000);
    }
    CHECK(setrlimit(RLIMIT_AS, &none) == 0);
    CHECK((double)stats_now().scavenger_starts <= seconds_now() - begin + 2);
}

static void *end_at_once(void *unused)
{
    return unused;
}

/* glibc frees what ended threads had under a lock that starting a thread takes. */
static void threads_can_be_joined_while_a_thread_is_wanted(void)
{
    enum { THREADS = 60, KINDS = 30 };
    need_hakmem();
    set_option("HAKMEM_FC_CAP", "4");
    set_option("HAKMEM_SCAVENGER", "0");
    for (int round = 0; round < 3; round++) {
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++)
            CHECK(pthread_create(&threads[i], NULL, end_at_once, NULL) == 0);
        allocate(BLOCKS, 1000);
        free_most(BLOCKS);
        set_option("HAKMEM_SCAVENGER", "1");
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        set_option("HAKMEM_SCAVENGER", "0");
        free_survivors(BLOCKS);
    }
}

static void *free_all_of_it(void *unused)
{
    free_most(BLOCKS);
    return unused;
}

static void end_main_first(void)
{
    pthread_t thread;
    allocate(BLOCKS, 1000);
    CHECK(pthread_create(&thread, NULL, free_all_of_it, NULL) == 0);
    pthread_exit(NULL);
}

static void a_process_ends_with_its_last_thread(void)
{
    need_hakmem();
    set_option("HAKMEM_DECAY_MS", "1000");
    int status = run_in_child(end_main_first, WAIT_SECONDS);
    CHECK_THAT(status == 0, "it ended with %d", status);
}

/* ---- forks */

static void goes_back_here(void)
{
    size_t before = resident_bytes();
    allocate(BLOCKS, 1000);
    size_t full = resident_bytes() - before;
    free_most(BLOCKS);
    WAIT_UNTIL(scavengers() == 1 || resident_bytes() < before + full / 3);
    WAIT_UNTIL(resident_bytes() < before + full / 3);
    verify_survivors(BLOCKS, 1000);
}

static void a_child_gets_a_thread_when_it_needs_one(void)
{
    need_hakmem();
    goes_back_here();
    int status = run_in_child(goes_back_here, CHECK_SECONDS);
    CHECK_THAT(status == 0, "it ended with %d", status);
}

static void verify_and_go_on(void)
{
    verify_survivors(BLOCKS, 1000);
    for (size_t i = 0; i < 2000; i++)
        if (!is_survivor(i)) {
            CHECK((blocks[i] = malloc(1000)) != NULL);
            block_fill(blocks[i], 1000, i);
        }
    for (size_t i = 0; i < 2000; i++) {
        CHECK(block_holds(blocks[i], 1000, i));
        free(blocks[i]);
    }
    HAKMEM(hakmem_trim)();
    _exit(0);
}

/* Its parent's memory is its own, but a thread that it started would end with it. */
static void a_child_of_vfork_starts_no_thread(void)
{
    need_hakmem();
    size_t before = resident_bytes();
    allocate(BLOCKS, 1000);
    size_t full = resident_bytes() - before;
    pid_t child = vfork();
    if (child == 0) {
        free_most(BLOCKS / 2);
        _exit(0);
    }
    CHECK(wait_for(child) == 0);
    for (size_t i = BLOCKS / 2; i < BLOCKS; i++)
        free(blocks[i]);
    WAIT_UNTIL(resident_bytes() < before + full / 3);
}

static void forks_while_memory_goes_back(void)
{
    need_hakmem();
    set_option("HAKMEM_DECAY_MS", "1");
    for (int round = 0; round < 6; round++) {
        allocate(BLOCKS, 1000);
        free_most(BLOCKS);
        for (int i = 0; i < 15; i++) {
            int status = run_in_child(verify_and_go_on, WAIT_SECONDS);
            CHECK_THAT(status == 0, "it ended with %d", status);
        }
        verify_survivors(BLOCKS, 1000);
        free_survivors(BLOCKS);
    }
}

/* ---- a live block is never touched */

enum { CHURNERS = 4, CHURN_SLOTS = 3000, CHURN_STEPS = 120000 };

/* Blocks of all sizes come and go; each is verified when it goes. Of every hundred steps some are pauses, in
 * which slabs become quiet. */
static void *churn(void *argument)
{
    uint64_t random = hash64((uintptr_t)argument);
    struct {
        void *block;
        size_t size;
        uint64_t seed;
    } *slots = calloc(CHURN_SLOTS, sizeof *slots);
    CHECK(slots != NULL);
    for (int step = 0; step < CHURN_STEPS; step++) {
        __typeof__(*slots) *slot = &slots[random_below(&random, CHURN_SLOTS)];
        if (slot->block) {
            CHECK(block_holds(slot->block, slot->size, slot->seed));
            free(slot->block);
            slot->block = NULL;
        } else {
            slot->size = 1 + random_below(&random, random_below(&random, 100) ? 3000 : 100000);
            slot->seed = random_next(&random);
            CHECK((slot->block = malloc(slot->size)) != NULL);
            block_fill(slot->block, slot->size, slot->seed);
        }
        if (step % 4000 == 0)
            usleep(5000);
    }
    for (int i = 0; i < CHURN_SLOTS; i++)
        if (slots[i].block) {
            CHECK(block_holds(slots[i].block, slots[i].size, slots[i].seed));
            free(slots[i].block);
        }
    free(slots);
    return NULL;
}

static void churn_with_decay(const char *decay_ms)
{
    pthread_t threads[CHURNERS];
    need_hakmem();
    set_option("HAKMEM_DECAY_MS", decay_ms);
    for (uintptr_t i = 0; i < CHURNERS; i++)
        CHECK(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)) == 0);
    for (int i = 0; i < 10; i++) { /* somebody else's purges, too */
        usleep(20000);
        HAKMEM(hakmem_trim)();
    }
    for (int i = 0; i < CHURNERS; i++)
        pthread_join(threads[i], NULL);
    CHECK(stats_now().holes_bytes > 0);
}

static void live_blocks_keep_their_bytes_without_a_decay(void)
{
    churn_with_decay("0");
}

static void live_blocks_keep_their_bytes_with_a_short_decay(void)
{
    churn_with_decay("7");
}

/* ---- limits and calls */

static void a_hard_limit_is_enomem_and_is_recovered_from(void)
{
    need_hakmem();
    set_option("HAKMEM_HARD_LIMIT", "64M");
    for (int round = 0; round < 3; round++) {
        size_t n = 0;
        errno = 0;
        while (n < BLOCKS && (blocks[n] = malloc(4000)) != NULL)
            block_fill(blocks[n], 4000, n), n++;
        CHECK_THAT(errno == ENOMEM && n * 4000 <= 64 * MIB && n * 4000 > 55 * MIB, "%zu blocks", n);
        CHECK(malloc(opaque_size(3 * MIB)) == NULL && errno == ENOMEM);
        CHECK(calloc(1, opaque_size(100 * KIB)) == NULL && errno == ENOMEM);
        for (size_t i = 0; i < n; i++) {
            CHECK(block_holds(blocks[i], 4000, i));
            free(blocks[i]);
        }
        void *large = malloc(40 * MIB); /* what small blocks had serves others */
        CHECK(large != NULL);
        free(large);
    }
    set_option("HAKMEM_HARD_LIMIT", "0");
    void *large = malloc(100 * MIB);
    CHECK(large != NULL);
    free(large);
}

static void a_trim_gives_back_what_is_between_live_blocks(void)
{
    need_hakmem();
    set_option("HAKMEM_SCAVENGER", "0");
    size_t before = resident_bytes();
    allocate(BLOCKS, 1000);
    size_t full = resident_bytes() - before;
    free_most(BLOCKS);
    size_t returned = HAKMEM(hakmem_trim)();
    CHECK_THAT(returned > full * 6 / 10, "%zu of %zu", returned, full);
    CHECK(resident_bytes() < before + full / 3);
    CHECK(HAKMEM(hakmem_trim)() < MIB); /* what is clean is not purged twice */
    verify_survivors(BLOCKS, 1000);
}

static void idle_empties_the_thread_s_caches(void)
{
    need_hakmem();
    allocate(1000, 16); /* more than are guarded, however many are sampled */
    free_most(1000);
    for (size_t size = 16; size <= 4096; size += 16)
        free(malloc(opaque_size(size)));
    CHECK(stats_now().cached_bytes > 0);
    CHECK(HAKMEM(hakmem_idle)() > 0);
    CHECK(stats_now().cached_bytes == 0);
    CHECK(HAKMEM(hakmem_idle)() == 0);
    void *block = malloc(100);
    CHECK(block != NULL);
    free(block);
}

static void after_a_squeeze_live_pages_get_no_new_blocks(void)
{
    need_hakmem();
    allocate(20000, 1000);
    free_most(20000);
    HAKMEM(hakmem_squeeze)();
    for (size_t i = 0; i < 20000; i++)
        if (!is_survivor(i)) {
            CHECK((blocks[i] = malloc(1000)) != NULL);
            for (size_t at = 0; at < 20000; at += 200) /* the first survivor of each row */
                CHECK(((uintptr_t)blocks[i] ^ (uintptr_t)blocks[at]) >= 4096);
            block_fill(blocks[i], 1000, i);
        }
    for (size_t i = 0; i < 20000; i++) {
        CHECK(block_holds(blocks[i], 1000, i));
        free(blocks[i]);
    }
    for (int i = 0; i < 40; i++) { /* more than the calls that make a new heap */
        void *block = malloc(1000);
        HAKMEM(hakmem_squeeze)();
        free(block);
    }
}

static void class_statistics_add_up(void)
{
    static struct hakmem_class_stats classes[200];
    need_hakmem();
    allocate(10000, 1000);
    size_t n = HAKMEM(hakmem_class_stats_read)(classes, 200);
    CHECK(n > 50 && n <= 200);
    uint64_t live_bytes = 0, of_1000 = 0;
    for (size_t i = 0; i < n; i++) {
        CHECK(i == 0 || classes[i].block_bytes > classes[i - 1].block_bytes);
        CHECK(classes[i].live_bytes == classes[i].live_blocks * classes[i].block_bytes);
        live_bytes += classes[i].live_bytes;
        if (classes[i].block_bytes == HAKMEM(hakmem_good_size)(1000))
            of_1000 = classes[i].live_blocks;
    }
    CHECK(of_1000 > 9900 && of_1000 < 10100); /* guarded blocks are of no class */
    CHECK(live_bytes <= stats_now().live_bytes);
    struct hakmem_class_stats few[3] = {{.block_bytes = 77}, {.block_bytes = 77}, {.block_bytes = 77}};
    CHECK(HAKMEM(hakmem_class_stats_read)(few, 2) == n && few[1].block_bytes != 77 &&
          few[2].block_bytes == 77);
    CHECK(HAKMEM(hakmem_class_stats_read)(NULL, 0) == n);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(memory_goes_back_without_a_call),
        TEST(large_blocks_go_back_without_a_call),
        TEST(what_sleeping_threads_allocated_goes_back),
        TEST(a_small_process_has_no_thread),
        TEST(switched_off_there_is_never_a_thread),
        TEST(switched_off_it_ends),
        TEST(a_shorter_decay_counts_at_once),
        TEST(one_thread_stays_one_thread),
        TEST(churn_makes_no_more_passes),
        TEST(where_no_thread_can_be_started_free_goes_on),
        TEST(threads_can_be_joined_while_a_thread_is_wanted),
        TEST(a_process_ends_with_its_last_thread),
        TEST(a_child_gets_a_thread_when_it_needs_one),
        TEST(a_child_of_vfork_starts_no_thread),
        TEST(forks_while_memory_goes_back),
        TEST(live_blocks_keep_their_bytes_without_a_decay),
        TEST(live_blocks_keep_their_bytes_with_a_short_decay),
        TEST(a_hard_limit_is_enomem_and_is_recovered_from),
        TEST(a_trim_gives_back_what_is_between_live_blocks),
        TEST(idle_empties_the_thread_s_caches),
        TEST(after_a_squeeze_live_pages_get_no_new_blocks),
        TEST(class_statistics_add_up),
    };
    return RUN_TESTS(argc, argv, tests);
}
