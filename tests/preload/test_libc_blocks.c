/* Blocks that libc's own malloc made, by code that does not see ours, end up in our free, realloc and
 * malloc_usable_size: libc, whose they are, is asked. */
#include <malloc.h>
#include <pthread.h>

#include "preload/blocks.h"
#include "preload/check.h"

enum { BLOCKS = 300 };

static void *(*libc_malloc)(size_t);
static void *(*libc_memalign)(size_t, size_t);

static void find_libc(void)
{
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    if (!libc)
        SKIP("no glibc");
    libc_malloc = (void *(*)(size_t))dlsym(libc, "malloc");
    libc_memalign = (void *(*)(size_t, size_t))dlsym(libc, "memalign");
    CHECK(libc_malloc && libc_memalign);
    bool (*owns)(const void *) = (bool (*)(const void *))dlsym(RTLD_DEFAULT, "hakmem_owns");
    size_t (*usable)(const void *) = (size_t(*)(const void *))dlsym(RTLD_DEFAULT, "hakmem_usable_size");
    void *block = libc_malloc(10);
    CHECK(owns && block && !owns(block));
    CHECK(usable && usable(block) == 0 && malloc_usable_size(block) >= 10);
    free(block);
}

static const size_t sizes[] = {0, 1, 24, 1000, 4096, 100000, 135000, 1000000, 5000000, 40000000};

enum { SIZES = sizeof sizes / sizeof *sizes };

static void *free_of_every_size(void *unused)
{
    for (int i = 0; i < SIZES; i++) {
        void *blocks[3];
        for (int k = 0; k < 3; k++)
            CHECK((blocks[k] = libc_malloc(sizes[i])) != NULL);
        for (int k = 0; k < 3; k++)
            free(blocks[k]);
    }
    return unused;
}

static void in_a_thread(void *(*body)(void *))
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, body, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void blocks_of_every_size_are_freed(void)
{
    find_libc();
    free_of_every_size(NULL);
}

static void blocks_of_a_thread_s_arena_are_freed(void)
{
    find_libc();
    in_a_thread(free_of_every_size);
}

static void *made[BLOCKS];

static void *make_many(void *unused)
{
    for (size_t i = 0; i < BLOCKS; i++)
        CHECK((made[i] = libc_malloc(i * 1000)) != NULL);
    return unused;
}

static void blocks_of_another_thread_are_freed(void)
{
    find_libc();
    in_a_thread(make_many);
    for (size_t i = 0; i < BLOCKS; i++)
        free(made[i]);
}

/* An arena of a thread's grows by address ranges of 64 MiB. */
static void *fill_two_ranges(void *unused)
{
    enum { BYTES = 100000, COUNT = 1000 };
    static void *blocks[COUNT];
    for (size_t i = 0; i < COUNT; i++)
        CHECK((blocks[i] = libc_malloc(BYTES)) != NULL);
    for (size_t i = 0; i < COUNT; i++)
        CHECK(malloc_usable_size(blocks[i]) >= BYTES);
    for (size_t i = 0; i < COUNT; i++)
        free(blocks[i]);
    return unused;
}

static void blocks_of_an_arena_s_second_range_are_freed(void)
{
    find_libc();
    in_a_thread(fill_two_ranges);
}

static void aligned_blocks_are_freed(void)
{
    find_libc();
    for (size_t align = 32; align <= 1u << 20; align *= 2)
        for (int i = 0; i < SIZES; i++)
            free(libc_memalign(align, sizes[i]));
}

static void realloc_keeps_their_bytes(void)
{
    find_libc();
    for (int i = 0; i < SIZES; i++) {
        unsigned char *block = libc_malloc(sizes[i]);
        CHECK(block != NULL);
        block_fill(block, sizes[i], (uint64_t)i);
        block = realloc(block, sizes[i] + 300000);
        CHECK(block && block_holds(block, sizes[i], (uint64_t)i));
        free(block);
    }
}

static void *usable_size_of_each(void *unused)
{
    for (int i = 0; i < SIZES; i++) {
        void *block = libc_malloc(sizes[i]);
        CHECK(malloc_usable_size(block) >= sizes[i]);
        free(block);
    }
    return unused;
}

static void their_usable_size_is_told(void)
{
    find_libc();
    usable_size_of_each(NULL);
    in_a_thread(usable_size_of_each);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(blocks_of_every_size_are_freed),     TEST(blocks_of_a_thread_s_arena_are_freed),
        TEST(blocks_of_another_thread_are_freed), TEST(blocks_of_an_arena_s_second_range_are_freed),
        TEST(aligned_blocks_are_freed),           TEST(realloc_keeps_their_bytes),
        TEST(their_usable_size_is_told),
    };
    return RUN_TESTS(argc, argv, tests);
}
