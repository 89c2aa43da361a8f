/* What secure mode promises: freed memory is zero, and which block comes next cannot be foretold. */
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

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(a_freed_block_is_zero),
        TEST(so_is_one_of_locked_pages),
        TEST(the_next_block_cannot_be_foretold),
    };
    if (!getenv("HAKMEM_SECURE")) { /* it is read once, at the first call */
        setenv("HAKMEM_SECURE", "1", 1);
        execv("/proc/self/exe", argv);
    }
    return RUN_TESTS(argc, argv, tests);
}
