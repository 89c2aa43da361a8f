/* The kernel allows a process so many mappings (vm.max_map_count). HAKMEM needs few, and goes on when the
 * program has used up all the others. */
#include "blocks.h"
#include "check.h"

#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define MIB ((size_t)1 << 20)

static void trim(void)
{
    __typeof__(hakmem_trim) *hakmems = HAKMEM(hakmem_trim);
    if (hakmems)
        hakmems();
}

static void *must(void *block)
{
    CHECK(block != NULL);
    return block;
}

/* --- the kernel has no more for anybody ------------------------------------------------------------- */

static bool is_at_the_limit; /* since mappings were used up */

/* Pages of alternating protection, which the kernel cannot merge. */
static void use_up_mappings(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), step = 4096 * page;
    char *at = MAP_FAILED;
    for (size_t steps = 0; steps < 4096; steps++) {
        at = mmap(NULL, step, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        for (size_t i = 0; at != MAP_FAILED && i < step; i += 2 * page)
            if (mprotect(at + i, page, PROT_READ) != 0)
                at = MAP_FAILED;
        if (at == MAP_FAILED)
            break;
    }
    /* a few may be left, of which each takes one */
    while (mmap(NULL, page, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED &&
           mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        ;
    is_at_the_limit = at == MAP_FAILED && errno == ENOMEM;
}

static void need_the_limit(void)
{
    use_up_mappings();
    if (!is_at_the_limit)
        SKIP("the limit on mappings is too high to be reached, or there is none");
}

static void expect_small_blocks(size_t count)
{
    static unsigned char *blocks[20000];
    for (size_t i = 0; i < count; i++) {
        CHECK_THAT((blocks[i] = malloc(i % 1000)) != NULL, "block %zu of %zu", i, count);
        block_fill(blocks[i], i % 1000, i);
    }
    for (size_t i = 0; i < count; i++) {
        CHECK(block_holds(blocks[i], i % 1000, i));
        free(blocks[i]);
    }
}

static void small_blocks_come_without_a_mapping_left(void)
{
    free(must(malloc(100)));
    need_the_limit();
    expect_small_blocks(1000);
    expect_small_blocks(1000);
}

static void an_older_heap_has_room_without_a_mapping_left(void)
{
    void *blocks[100];
    for (size_t i = 0; i < 100; i++)
        blocks[i] = must(malloc(i * 1000));
    expect_small_blocks(20000);
    need_the_limit();
    for (size_t i = 0; i < 100; i++)
        free(blocks[i]);
    expect_small_blocks(20000);
}

/* Blocks may be had or not; what is there is whole, zeroes are zeroes, and all comes back. */
static void larger_blocks_are_served_or_enomem_and_free_goes_on(void)
{
    enum { BLOCKS = 300 };
    unsigned char *blocks[BLOCKS];
    need_the_limit();
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < BLOCKS; i++) {
            size_t size = i * i * 100 + 1;
            blocks[i] = i % 2 ? malloc(size) : calloc(1, size);
            if (blocks[i] == NULL) {
                CHECK(errno == ENOMEM);
                continue;
            }
            if (i % 2 == 0)
                CHECK(block_is_zero(blocks[i], size));
            block_fill(blocks[i], size < 5000 ? size : 5000, i);
            unsigned char *moved = realloc(blocks[i], size * 2);
            blocks[i] = moved ? moved : blocks[i];
            CHECK(block_holds(blocks[i], size < 5000 ? size : 5000, i));
        }
        for (size_t i = 0; i < BLOCKS; i++)
            free(blocks[i]);
        trim();
    }
}

/* --- how many HAKMEM needs -------------------------------------------------------------------------- */

/* Those in which what HAKMEM gives out lies, or that it named. */
static unsigned count_mappings(void)
{
    __typeof__(hakmem_owns) *owns = HAKMEM(hakmem_owns);
    char line[512];
    unsigned count = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL) {
        uintptr_t start = (uintptr_t)strtoull(line, NULL, 16);
        count += strstr(line, "hakmem") != NULL || (owns && owns((void *)start));
    }
    fclose(maps);
    return count;
}

/* 104 by places with huge pages, places without and moved blocks; the rest are windows and our own parts. */
enum { SLOTS = 3000, STEPS = 60000, MAPPINGS_MOST = 120 };

static size_t any_size(uint64_t *random)
{
    size_t kind = random_below(random, 1000);
    return random_below(random, kind < 900 ? 3000 : kind < 990 ? 200000 : 12 * MIB);
}

static void churn(uint64_t seed, bool counts)
{
    void **blocks = must(calloc(SLOTS, sizeof *blocks));
    unsigned most = 0;
    for (int i = 0; i < STEPS; i++) {
        void **slot = &blocks[random_below(&seed, SLOTS)];
        size_t size = any_size(&seed);
        if (random_below(&seed, 4) == 0) {
            *slot = must(realloc(*slot, size + 1));
        } else {
            free(*slot);
            *slot = must(random_below(&seed, 8) ? malloc(size) : memalign(4096, size));
        }
        **(char **)slot = 1;
        if (i % 20000 == 5000)
            trim();
        if (counts && i % 2000 == 1999) {
            unsigned count = count_mappings();
            most = count > most ? count : most;
        }
    }
    for (int i = 0; i < SLOTS; i++)
        free(blocks[i]);
    free(blocks);
    if (!counts)
        return;
    printf("          %u mappings at most\n", most);
    CHECK_THAT(most <= MAPPINGS_MOST, "%u mappings", most);
    CHECK(most > 0 || HAKMEM(hakmem_owns) == NULL);
}

static void *churn_in_thread(void *seed)
{
    churn((uintptr_t)seed, false);
    return NULL;
}

static void mixed_work_needs_few_mappings(void)
{
    __typeof__(hakmem_option_set) *set = HAKMEM(hakmem_option_set);
    if (set)
        set("HAKMEM_DECAY_MS", "50");
    pthread_t threads[2];
    for (uintptr_t i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, churn_in_thread, (void *)(i + 1)) == 0);
    churn(99, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

/* Moving pages instead of bytes costs mappings: it is done for few blocks at a time. */
static void growing_huge_blocks_need_few_mappings(void)
{
    enum { BLOCKS = 100 };
    static char *blocks[BLOCKS];
    unsigned most = 0;
    for (size_t round = 1; round < 8; round++)
        for (size_t i = 0; i < BLOCKS; i++) {
            blocks[i] = must(realloc(blocks[i], (3 + round) * MIB + i * 5000));
            blocks[i][round * MIB] = 1;
            unsigned count = i % 20 ? 0 : count_mappings();
            most = count > most ? count : most;
        }
    for (size_t i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    printf("          %u mappings at most\n", most);
    CHECK_THAT(most <= MAPPINGS_MOST, "%u mappings", most);
}

/* --- threads at the end of memory ------------------------------------------------------------------- */

static void *allocate_a_little(void *unused)
{
    void *block = malloc(100);
    free(block);
    return unused;
}

static void threads_start_or_not_when_memory_is_out(void)
{
    struct rlimit limit;
    pthread_t thread;
    unsigned started = 0;
    CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
    rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 64 * MIB;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    void **list = NULL, **link;
    while ((link = malloc(700)) != NULL) {
        *link = list;
        list = link;
    }
    for (int i = 0; i < 50; i++) {
        int error = pthread_create(&thread, NULL, allocate_a_little, NULL);
        CHECK(error == 0 || error == EAGAIN || error == ENOMEM);
        if (error == 0)
            pthread_join(thread, NULL);
    }
    limit.rlim_cur = before;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    for (; (link = list) != NULL; free(link))
        list = *link;
    for (int i = 0; i < 50; i++)
        if (pthread_create(&thread, NULL, allocate_a_little, NULL) == 0)
            started += pthread_join(thread, NULL) == 0;
    CHECK(started == 50);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(small_blocks_come_without_a_mapping_left),
        TEST(an_older_heap_has_room_without_a_mapping_left),
        TEST(larger_blocks_are_served_or_enomem_and_free_goes_on),
        TEST(mixed_work_needs_few_mappings),
        TEST(growing_huge_blocks_need_few_mappings),
        TEST(threads_start_or_not_when_memory_is_out),
    };
    return RUN_TESTS(argc, argv, tests);
}
