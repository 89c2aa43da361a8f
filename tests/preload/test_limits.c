/* Memory runs out: how much of a limit can be had, whether it can be had again, and life after it. */
#include "blocks.h"
#include "check.h"

#include <pthread.h>
#include <sys/resource.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

/* Sets the soft limit of this process's address space, or lifts it again. */
static void limit_address_space(rlim_t bytes)
{
    struct rlimit limit;
    CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = bytes == RLIM_INFINITY ? limit.rlim_max : bytes;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* Blocks are kept in a list through themselves, with no memory besides. */
struct link {
    struct link *next;
    uint64_t seed;
    unsigned char contents[];
};

static size_t link_filled_bytes(size_t size)
{
    return size < 4096 ? size - sizeof(struct link) : 4096;
}

/* Takes blocks of a size until there are no more, and returns how many. */
static size_t take_all(size_t size, struct link **list)
{
    size_t count = 0;
    struct link *link;
    *list = NULL;
    errno = 0;
    while ((link = malloc(size)) != NULL) {
        *link = (struct link){.next = *list, .seed = count++};
        block_fill(link->contents, link_filled_bytes(size), link->seed);
        *list = link;
    }
    CHECK_THAT(errno == ENOMEM, "errno is %d", errno);
    return count;
}

static void free_all(size_t size, struct link *list)
{
    while (list != NULL) {
        struct link *next = list->next;
        CHECK(block_holds(list->contents, link_filled_bytes(size), list->seed));
        free(list);
        list = next;
    }
}

/* The share of the limit that blocks of a size can fill, in percent. */
static double fill(size_t size, size_t limit)
{
    struct link *list;
    size_t count = take_all(size, &list);
    free_all(size, list);
    return 100.0 * (double)(count * size) / (double)limit;
}

static void fill_again_and_again(size_t limit, double least)
{
    limit_address_space(limit);
    double first = fill(1000, limit), again = fill(1000, limit);
    double medium = fill(200 * KIB, limit), large = fill(3 * MIB, limit);
    double last = fill(1000, limit);
    limit_address_space(RLIM_INFINITY);
    printf("          of %zu MiB: %.1f %% in blocks of 1000 bytes, %.1f %% again, %.1f %% of 200 KiB, "
           "%.1f %% of 3 MiB, %.1f %% of 1000 again\n",
           limit / MIB, first, again, medium, large, last);
    fflush(stdout);
    CHECK(first >= least);
    CHECK(again >= first * 0.98);
    CHECK(medium >= 50 && large >= 50);
    CHECK(last >= first * 0.95);
}

static void most_of_64_mib_can_be_had_again_and_again(void)
{
    fill_again_and_again(64 * MIB, 85);
}

static void most_of_512_mib_can_be_had_again_and_again(void)
{
    fill_again_and_again(512 * MIB, 95);
}

static void every_size_is_enomem_in_the_end_and_comes_back(void)
{
    static const size_t sizes[] = {24, 100, 512, 3000, 10000, 40000, 700 * KIB, MIB, 9 * MIB};
    limit_address_space(96 * MIB);
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            double share = fill(sizes[i], 96 * MIB);
            CHECK_THAT(share > 40, "%.1f %% in blocks of %zu bytes", share, sizes[i]);
        }
}

static void all_is_well_when_the_limit_is_lifted(void)
{
    struct link *list;
    limit_address_space(48 * MIB);
    take_all(500, &list);
    CHECK(calloc(1, 100 * MIB) == NULL && errno == ENOMEM);
    limit_address_space(RLIM_INFINITY);
    void *blocks[300];
    for (size_t i = 0; i < 300; i++) {
        CHECK((blocks[i] = malloc(i * 1500 + 1)) != NULL);
        block_fill(blocks[i], i * 1500 + 1, i);
    }
    void *large = calloc(1, 200 * MIB);
    CHECK(large != NULL && block_is_zero(large, 200 * MIB));
    free(large);
    for (size_t i = 0; i < 300; i++) {
        CHECK(block_holds(blocks[i], i * 1500 + 1, i));
        free(blocks[i]);
    }
    free_all(500, list);
}

static void realloc_without_memory_keeps_the_block(void)
{
    limit_address_space(64 * MIB);
    char *block = malloc(20 * MIB);
    CHECK(block != NULL);
    block_fill(block, 20 * MIB, 1);
    CHECK(realloc(block, 80 * MIB) == NULL && errno == ENOMEM);
    struct link *list;
    take_all(1000, &list);
    char *small = (char *)list;
    CHECK(realloc(opaque(small), 30 * MIB) == NULL && errno == ENOMEM);
    free_all(1000, list);
    CHECK(block_holds(block, 20 * MIB, 1));
    CHECK((block = realloc(block, 100)) != NULL && block_holds(block, 100, 1));
    free(block);
}

static void a_block_shrinks_without_memory(void)
{
    enum { BEFORE = 30000, AFTER = 1000 };
    limit_address_space(64 * MIB);
    char *block = malloc(BEFORE);
    CHECK(block != NULL);
    block_fill(block, BEFORE, 1);
    struct link *list;
    take_all(AFTER, &list);
    block = realloc(block, AFTER);
    CHECK(block != NULL && block_holds(block, AFTER, 1));
    free_all(AFTER, list);
    free(block);
}

static void calloc_is_zero_on_the_brink(void)
{
    limit_address_space(64 * MIB);
    for (size_t size = 100; size < 4 * MIB; size *= 7) {
        fill(size, 64 * MIB); /* leaves dirty memory behind */
        struct link *list = NULL, *link;
        while ((link = calloc(1, size)) != NULL) {
            CHECK(block_is_zero(link, size));
            memset(link, 0xa5, size);
            link->next = list;
            list = link;
        }
        CHECK(errno == ENOMEM && list != NULL);
        while ((link = list) != NULL) {
            list = link->next;
            free(link);
        }
    }
}

static void aligned_forms_are_enomem_on_the_brink(void)
{
    struct link *list;
    limit_address_space(48 * MIB);
    take_all(3 * MIB, &list);
    void *untouched = &untouched;
    CHECK(posix_memalign(&untouched, 4096, 20 * MIB) == ENOMEM && untouched == &untouched);
    errno = 0;
    CHECK(aligned_alloc(2 * MIB, 20 * MIB) == NULL && errno == ENOMEM);
    free_all(3 * MIB, list);
    void *block = aligned_alloc(2 * MIB, 4 * MIB);
    CHECK(block != NULL && is_aligned(block, 2 * MIB));
    free(block);
}

static pthread_barrier_t both_there;

static void *fill_and_free(void *limit)
{
    pthread_barrier_wait(&both_there); /* a thread needs memory for its stack, which the other would take */
    fill(1000, *(size_t *)limit);
    fill(40000, *(size_t *)limit);
    return NULL;
}

/* The memory of a thread that ended is had by the others. */
static void threads_share_what_there_is(void)
{
    size_t limit = 64 * MIB;
    __typeof__(hakmem_option_set) *set = HAKMEM(hakmem_option_set);
    if (set) /* the second two threads get the first two's stacks, if nobody else does */
        set("HAKMEM_SCAVENGER", "0");
    limit_address_space(limit);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 128 * KIB);
    pthread_barrier_init(&both_there, NULL, 2);
    for (int i = 0; i < 2; i++) {
        pthread_t a, b;
        CHECK(pthread_create(&a, &attributes, fill_and_free, &limit) == 0);
        CHECK(pthread_create(&b, &attributes, fill_and_free, &limit) == 0);
        pthread_join(a, NULL);
        pthread_join(b, NULL);
    }
    double share = fill(1000, limit);
    CHECK_THAT(share > 50, "%.1f %%", share);
}

/* Runs a command with a limit that is in force before its first instruction. */
static int run_limited(size_t limit, char *const arguments[])
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit both = {limit, limit};
        if (setrlimit(RLIMIT_AS, &both) == 0)
            execv(arguments[0], arguments);
        _exit(CHECK_SKIPPED);
    }
    return wait_for(child);
}

static void bin_true_starts_under_16_mib(void)
{
    char *arguments[] = {(char[]){"/bin/true"}, NULL};
    int status = run_limited(16 * MIB, arguments);
    CHECK_THAT(status == 0, "it ended with %d", status);
}

static void python_starts_under_32_mib(void)
{
    char *arguments[] = {(char[]){"/usr/bin/python3"}, (char[]){"-c"}, (char[]){"pass"}, NULL};
    if (access(arguments[0], X_OK) != 0)
        SKIP("no python3");
    int status = run_limited(32 * MIB, arguments);
    CHECK_THAT(status == 0, "it ended with %d", status);
}

static void the_data_limit_holds_and_is_survived(void)
{
    struct rlimit limit, lifted;
    CHECK(getrlimit(RLIMIT_DATA, &lifted) == 0);
    limit = lifted;
    limit.rlim_cur = 64 * MIB;
    CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
    double first = fill(1000, 64 * MIB), again = fill(1000, 64 * MIB);
    CHECK(setrlimit(RLIMIT_DATA, &lifted) == 0);
    CHECK_THAT(first > 80 && again > first * 0.98, "%.1f %%, then %.1f %%", first, again);
    void *block = malloc(100 * MIB);
    CHECK(block != NULL);
    free(block);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(most_of_64_mib_can_be_had_again_and_again),
        TEST(most_of_512_mib_can_be_had_again_and_again),
        TEST(every_size_is_enomem_in_the_end_and_comes_back),
        TEST(all_is_well_when_the_limit_is_lifted),
        TEST(realloc_without_memory_keeps_the_block),
        TEST(a_block_shrinks_without_memory),
        TEST(calloc_is_zero_on_the_brink),
        TEST(aligned_forms_are_enomem_on_the_brink),
        TEST(threads_share_what_there_is),
        TEST(bin_true_starts_under_16_mib),
        TEST(python_starts_under_32_mib),
        TEST(the_data_limit_holds_and_is_survived),
    };
    return RUN_TESTS(argc, argv, tests);
}
