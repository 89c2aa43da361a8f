/* What secure mode promises: freed memory is zero, and which block comes next cannot be foretold. */
#include <malloc.h>
#include <sys/mman.h>

#include "blocks.h"
#include "check.h"

static void need_secure_mode(void)
{
    if (!hakmem_is_here())
        SKIP("another malloc");
    if (!getenv("HAKMEM_SECURE"))
        SKIP("a program cannot be started anew here");
}

/* A block's bytes after its free: still mapped, and nobody's. */
static void expect_zero_after_free(char *block, size_t size)
{
    memset(block, 0xa5, size);
    char *freed = opaque(block);
    free(block);
    CHECK_THAT(block_is_zero(freed, size), "%zu bytes", size);
}

static void a_freed_block_is_zero(void)
{
    need_secure_mode();
    for (size_t size = 1; size <= 5000000; size += size / 3 + 1)
        for (int i = 0; i < 3; i++) {
            char *block = malloc(size);
            CHECK(block != NULL);
            expect_zero_after_free(block, size);
        }
}

/* The kernel takes no pages that are locked. */
static void so_is_one_of_locked_pages(void)
{
    need_secure_mode();
    static const size_t sizes[] = {40000, 60000};
    for (int i = 0; i < 2; i++) {
        char *block = malloc(sizes[i]);
        CHECK(block != NULL);
        if (mlock(block, sizes[i]) != 0)
            SKIP("pages cannot be locked");
        expect_zero_after_free(block, sizes[i]);
    }
}

enum { BLOCKS = 64, ROUNDS = 200 };

/* Where among the blocks that are free the next one was, counted from the one freed last. */
static int next_choice(void)
{
    void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        CHECK((blocks[i] = malloc(48)) != NULL);
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    void *next = malloc(48);
    for (int i = 0; i < BLOCKS; i++)
        if (next == blocks[i]) {
            free(next);
            return BLOCKS - 1 - i;
        }
    free(next);
    return BLOCKS; /* one that was free before */
}

static void the_next_block_cannot_be_foretold(void)
{
    need_secure_mode();
    int choices[BLOCKS + 1] = {0}, different = 0;
    for (int i = 0; i < ROUNDS; i++)
        different += choices[next_choice()]++ == 0;
    for (int i = 0; i < BLOCKS; i++)
        CHECK_THAT(choices[i] < ROUNDS / 4, "%d of %d times that freed %d before the last", choices[i],
                   ROUNDS, i);
    CHECK_THAT(different >= 10, "%d different choices", different);
}

enum { EMPTY = 6000, PAIRS = 300000 }; /* more of them than have a place at the same time, and ever */

static int by_address(const void *a, const void *b)
{
    uintptr_t one = (uintptr_t) * (void *const *)a, other = (uintptr_t) * (void *const *)b;
    return (one > other) - (one < other);
}

static void live_blocks_of_no_bytes_are_all_different(void)
{
    need_secure_mode();
    static void *blocks[EMPTY], *sorted[EMPTY];
    uint64_t random = 1;
    for (int i = 0; i < EMPTY; i++)
        CHECK((blocks[i] = malloc(0)) != NULL);
    for (int i = 0; i < 4 * EMPTY; i++) {
        int at = (int)random_below(&random, EMPTY);
        free(blocks[at]);
        CHECK((blocks[at] = malloc(0)) != NULL);
    }
    memcpy(sorted, blocks, sizeof blocks);
    qsort(sorted, EMPTY, sizeof *sorted, by_address);
    for (int i = 1; i < EMPTY; i++)
        CHECK(sorted[i] != sorted[i - 1]);
    for (int i = 0; i < EMPTY; i++)
        free(blocks[i]);
}

static void their_places_are_used_again(void)
{
    need_secure_mode();
    for (int i = 0; i < PAIRS; i++) {
        void *block = malloc(opaque_size(0));
        CHECK(block != NULL && malloc_usable_size(block) == 0);
        free(block);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(a_freed_block_is_zero),
        TEST(so_is_one_of_locked_pages),
        TEST(the_next_block_cannot_be_foretold),
        TEST(live_blocks_of_no_bytes_are_all_different),
        TEST(their_places_are_used_again),
    };
    if (!getenv("HAKMEM_SECURE") && !check_is_emulated()) { /* it is read once, at the first call */
        setenv("HAKMEM_SECURE", "1", 1);
        execv("/proc/self/exe", argv);
    }
    return RUN_TESTS(argc, argv, tests);
}
