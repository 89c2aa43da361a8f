/* How deep the allocator's calls go into the stack. Programs run threads on the smallest stacks there
 * are, and coroutines on smaller ones: 2 KiB must do for any call.
 *
 * The stack below a test's frame is painted, and after the call the lowest byte is looked for that is
 * not as painted. What is measured was called before: the first call may bind symbols. */
#include "blocks.h"
#include "check.h"

#include <limits.h>
#include <malloc.h>
#include <pthread.h>

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

enum { PAINTED_BYTES = 8192, NOT_PAINTED_BYTES = 128, MOST_BYTES = 2048 };

/* Functions of their own, that use no stack of account themselves. */
__attribute__((noinline)) static void paint(uintptr_t frame)
{
    volatile unsigned char *at = (unsigned char *)(frame - PAINTED_BYTES);
    for (; (uintptr_t)at < frame - NOT_PAINTED_BYTES; at++)
        *at = (unsigned char)(uintptr_t)at ^ 0xa5;
}

__attribute__((noinline)) static size_t depth_below(uintptr_t frame)
{
    const volatile unsigned char *at = (unsigned char *)(frame - PAINTED_BYTES);
    while ((uintptr_t)at < frame - NOT_PAINTED_BYTES && *at == ((unsigned char)(uintptr_t)at ^ 0xa5))
        at++;
    return frame - (uintptr_t)at;
}

/* The bytes of stack that the call of a function takes. */
__attribute__((noinline)) static size_t depth_of(void (*function)(void))
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    paint(frame);
    function();
    return depth_below(frame);
}

static void expect_shallow(const char *what, size_t bytes)
{
    printf("          %4zu bytes: %s\n", bytes, what);
    CHECK_THAT(bytes > NOT_PAINTED_BYTES, "nothing was measured");
    CHECK_THAT(bytes <= MOST_BYTES, "%s takes %zu bytes of stack", what, bytes);
}

/* --- the calls ------------------------------------------------------------------------------------ */

enum { BLOCKS = 20000 };
static void *blocks[BLOCKS];
static size_t block_bytes;
static size_t block_count;

static void allocate_all(void)
{
    for (size_t i = 0; i < block_count; i++)
        blocks[i] = malloc(block_bytes);
}

static void callocate_all(void)
{
    for (size_t i = 0; i < block_count; i++)
        blocks[i] = calloc(1, block_bytes);
}

static void align_all(void)
{
    for (size_t i = 0; i < block_count; i++)
        blocks[i] = memalign((size_t)64 << i % 14, block_bytes);
}

static void resize_all(void)
{
    for (size_t i = 0; i < block_count; i++)
        blocks[i] = realloc(blocks[i], block_bytes * 2 + i % 3 * block_bytes);
}

static void free_all(void)
{
    for (size_t i = 0; i < block_count; i++)
        free(blocks[i]);
}

static const struct kind {
    size_t bytes, count;
} kinds[] = {{24, 20000},   {1000, 20000}, {5000, 4000}, {30000, 1000},
             {100000, 300}, {700000, 40},  {5 * MIB, 8}};

static void expect_all_shallow(const char *what, void (*make)(void), void (*measured)(void),
                               void (*end)(void))
{
    size_t deepest = 0;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
            block_bytes = kinds[i].bytes;
            block_count = kinds[i].count;
            if (make)
                make();
            size_t bytes = depth_of(measured);
            deepest = round > 0 && bytes > deepest ? bytes : deepest;
            if (end)
                end();
        }
    expect_shallow(what, deepest);
}

static void malloc_and_calloc_take_little_stack(void)
{
    expect_all_shallow("malloc", NULL, allocate_all, free_all);
    expect_all_shallow("calloc", NULL, callocate_all, free_all);
}

static void aligned_forms_take_little_stack(void)
{
    expect_all_shallow("memalign", NULL, align_all, free_all);
}

static void realloc_takes_little_stack(void)
{
    expect_all_shallow("realloc", allocate_all, resize_all, free_all);
}

static void free_takes_little_stack(void)
{
    expect_all_shallow("free", allocate_all, free_all, NULL);
}

static void *in_thread(void *function)
{
    ((void (*)(void))function)();
    return NULL;
}

static void do_in_thread(void (*function)(void))
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, in_thread, (void *)function) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void nothing(void) {}

/* Enough new memory for everything that looks at how much there is, and for the scavenger to start. */
static void a_growing_heap_takes_little_stack(void)
{
    block_bytes = 60000;
    block_count = 1;
    allocate_all();
    free_all();
    do_in_thread(nothing);
    block_count = 5000;
    size_t bytes = depth_of(allocate_all);
    expect_shallow("malloc of 300 MiB", bytes);
    bytes = depth_of(free_all);
    expect_shallow("free of 300 MiB", bytes);
}

static void frees_of_another_threads_blocks_take_little_stack(void)
{
    size_t deepest = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        block_bytes = kinds[i].bytes;
        block_count = kinds[i].count;
        do_in_thread(allocate_all);
        size_t bytes = depth_of(free_all);
        deepest = i > 0 && bytes > deepest ? bytes : deepest;
    }
    expect_shallow("free of another thread's blocks", deepest);
}

/* --- the first and the last call of a thread ------------------------------------------------------- */

static size_t last_depth;
static uintptr_t painted_below;
static pthread_key_t key;

static void allocate_and_free(void)
{
    free(malloc(100));
}

static void *measure_first(void *depth)
{
    *(size_t *)depth = depth_of(allocate_and_free);
    return NULL;
}

static void the_first_call_of_a_thread_takes_little_stack(void)
{
    enum { THREADS = 30 };
    pthread_t threads[THREADS];
    size_t depths[THREADS], deepest = 0;
    allocate_and_free();
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, measure_first, &depths[i]) == 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        deepest = depths[i] > deepest ? depths[i] : deepest;
    }
    expect_shallow("the first malloc of a thread", deepest);
}

/* In the last round of destructors, behind the allocator's: its key is the older one. */
static void measure_last(void *round)
{
    if ((uintptr_t)round < PTHREAD_DESTRUCTOR_ITERATIONS) {
        pthread_setspecific(key, (void *)((uintptr_t)round + 1));
        if ((uintptr_t)round == PTHREAD_DESTRUCTOR_ITERATIONS - 1) {
            painted_below = (uintptr_t)__builtin_frame_address(0);
            paint(painted_below);
        }
        return;
    }
    last_depth = depth_below(painted_below);
}

static void *leave_caches_full(void *unused)
{
    for (size_t size = 16; size < 40000; size += size / 3)
        free(malloc(size));
    pthread_setspecific(key, (void *)1);
    return unused;
}

static void the_end_of_a_thread_takes_little_stack(void)
{
    CHECK(pthread_key_create(&key, measure_last) == 0);
    for (int i = 0; i < 3; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, leave_caches_full, NULL) == 0);
        pthread_join(thread, NULL);
    }
    expect_shallow("the end of a thread", last_depth);
}

static void allocate_larger_ones(void)
{
    enum { COUNT = 64, LARGER_BYTES = 60000 };
    for (size_t i = 0; i < COUNT; i++)
        blocks[i] = malloc(LARGER_BYTES);
}

/* Half of it is free, in rows of two pages; with HAKMEM_THRIFT=always these go. */
static void malloc_that_gives_back_takes_little_stack(void)
{
    enum { ROW_BYTES = 8192 };
    block_bytes = 512;
    block_count = 16384;
    allocate_all();
    for (size_t i = 0; i < block_count; i++)
        if (i * block_bytes / ROW_BYTES % 2 == 0)
            free(blocks[i]);
    size_t bytes = depth_of(allocate_larger_ones);
    expect_shallow("malloc that gives back", bytes);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(malloc_and_calloc_take_little_stack),
        TEST(aligned_forms_take_little_stack),
        TEST(realloc_takes_little_stack),
        TEST(free_takes_little_stack),
        TEST(a_growing_heap_takes_little_stack),
        TEST(malloc_that_gives_back_takes_little_stack),
        TEST(frees_of_another_threads_blocks_take_little_stack),
        TEST(the_first_call_of_a_thread_takes_little_stack),
        TEST(the_end_of_a_thread_takes_little_stack),
    };
    return RUN_TESTS(argc, argv, tests);
}
