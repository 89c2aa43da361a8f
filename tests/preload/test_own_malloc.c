/* A program that brings its own malloc, as browsers and rustc do: it is the one that libc, C++ and all
 * libraries must use, with HAKMEM preloaded or not. */
#include "blocks.h"
#include "check.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

/* --- the program's malloc: blocks one after the other, never used again --------------------------- */

enum { POOL_BYTES = 256 << 20 };
static _Alignas(16) unsigned char pool[POOL_BYTES];
static atomic_size_t pool_used;
static atomic_size_t mallocs, frees;

static bool in_pool(const void *block)
{
    return (const unsigned char *)block >= pool && (const unsigned char *)block < pool + POOL_BYTES;
}

static size_t *size_of(void *block)
{
    return (size_t *)block - 2;
}

void *malloc(size_t size)
{
    if (size > POOL_BYTES)
        return errno = ENOMEM, NULL;
    size_t rounded = (size + 16 + 15) & ~(size_t)15, at = atomic_fetch_add(&pool_used, rounded);
    if (at + rounded > POOL_BYTES)
        return errno = ENOMEM, NULL;
    atomic_fetch_add(&mallocs, 1);
    void *block = pool + at + 16;
    *size_of(block) = size;
    return block;
}

void free(void *block)
{
    if (block == NULL)
        return;
    CHECK_THAT(in_pool(block), "the program's free gets %p, which is not its own", block);
    atomic_fetch_add(&frees, 1);
}

void *calloc(size_t count, size_t size)
{
    if (size != 0 && count > POOL_BYTES / size)
        return errno = ENOMEM, NULL;
    return malloc(count * size); /* the pool starts as zero and nothing is used twice */
}

void *realloc(void *block, size_t size)
{
    if (block == NULL)
        return malloc(size);
    CHECK_THAT(in_pool(block), "the program's realloc gets %p, which is not its own", block);
    if (size == 0)
        return free(block), NULL;
    void *moved = malloc(size);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, size < *size_of(block) ? size : *size_of(block));
    free(block);
    return moved;
}

/* --- who uses it ---------------------------------------------------------------------------------- */

static void libc_allocates_from_the_program(void)
{
    char *text = strdup("hello");
    CHECK(in_pool(text));
    free(text);
    char *line = NULL;
    size_t room = 0;
    FILE *stream = fopen("/proc/self/maps", "r");
    CHECK(in_pool(stream));
    CHECK(getline(&line, &room, stream) > 0 && in_pool(line));
    fclose(stream);
    free(line);
    char *path = realpath("/proc/self/..", NULL);
    CHECK(in_pool(path));
    free(path);
    char *formatted = NULL;
    CHECK(asprintf(&formatted, "%d", 5) == 1 && in_pool(formatted));
    free(formatted);
}

static void reallocarray_goes_to_the_programs_realloc(void)
{
    char *block = reallocarray(NULL, 10, 10);
    CHECK(in_pool(block));
    block_fill(block, 100, 1);
    block = reallocarray(block, 100, 100);
    CHECK(in_pool(block) && block_holds(block, 100, 1));
    free(block);
}

static void operator_new_gives_the_programs_blocks(void)
{
    static const char *const forms[][2] = {{"_Znwm", "_ZdlPv"}, {"_Znam", "_ZdaPv"}};
    for (int i = 0; i < 2; i++) {
        void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(RTLD_DEFAULT, forms[i][0]);
        void (*release)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, forms[i][1]);
        if (allocate == NULL || release == NULL)
            SKIP("no C++ in this process");
        void *block = allocate(100);
        CHECK_THAT(in_pool(block), "%s gives %p", forms[i][0], block);
        size_t before = atomic_load(&frees);
        release(block);
        CHECK(atomic_load(&frees) == before + 1);
        free(allocate(1000));
        release(malloc(1000));
    }
}

static void sized_and_nothrow_forms_agree_with_them(void)
{
    void *(*nothrow_new)(size_t, const void *) = (void *(*)(size_t, const void *))dlsym(
        RTLD_DEFAULT, "_ZnwmRKSt9nothrow_t");
    void (*sized_delete)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "_ZdlPvm");
    if (nothrow_new == NULL || sized_delete == NULL)
        SKIP("no C++ in this process");
    void *block = nothrow_new(200, "");
    CHECK(in_pool(block));
    sized_delete(block, 200);
}

/* What the program does not define is still served, and by a library that frees it too. */
static void aligned_blocks_do_not_meet_the_programs_free(void)
{
    void *(*align)(size_t, size_t) = (void *(*)(size_t, size_t))dlsym(RTLD_DEFAULT, "_ZnwmSt11align_val_t");
    void (*release)(void *, size_t) = (void (*)(void *, size_t))dlsym(RTLD_DEFAULT, "_ZdlPvSt11align_val_t");
    if (align == NULL || release == NULL)
        SKIP("no C++ in this process");
    void *block = align(300, 256);
    CHECK(is_aligned(block, 256));
    memset(block, 1, 300);
    if (in_pool(block))
        release(block, 256);
}

static void *use_it_in_a_thread(void *unused)
{
    for (int i = 0; i < 1000; i++)
        free(strdup("thread"));
    return unused;
}

static void threads_use_it(void)
{
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, use_it_in_a_thread, NULL) == 0);
        pthread_join(thread, NULL);
    }
}

static void dlopen_uses_it(void)
{
    static const char *const libraries[] = {"libstdc++.so.6", "libz.so.1", "libm.so.6"};
    for (int i = 0; i < 3; i++) {
        void *library = dlopen(libraries[i], RTLD_NOW | RTLD_LOCAL);
        if (library != NULL)
            dlclose(library);
        CHECK(library != NULL || dlerror() != NULL);
    }
}

static void forked_child(void)
{
    use_it_in_a_thread(NULL);
    threads_use_it();
}

static void children_use_it(void)
{
    for (int i = 0; i < 5; i++)
        CHECK(run_in_child(forked_child, 10) == 0);
    CHECK(system("exit 0") == 0);
}

static void hakmem_counts_none_of_its_blocks(void)
{
    __typeof__(hakmem_owns) *owns = HAKMEM(hakmem_owns);
    __typeof__(hakmem_usable_size) *usable_size = HAKMEM(hakmem_usable_size);
    if (owns == NULL || usable_size == NULL)
        SKIP("not preloaded");
    char *block = malloc(100);
    CHECK(!owns(block) && usable_size(block) == 0);
    free(block);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(libc_allocates_from_the_program),
        TEST(reallocarray_goes_to_the_programs_realloc),
        TEST(operator_new_gives_the_programs_blocks),
        TEST(sized_and_nothrow_forms_agree_with_them),
        TEST(aligned_blocks_do_not_meet_the_programs_free),
        TEST(threads_use_it),
        TEST(dlopen_uses_it),
        TEST(children_use_it),
        TEST(hakmem_counts_none_of_its_blocks),
    };
    CHECK(atomic_load(&mallocs) > 0 || in_pool(malloc(1)));
    return RUN_TESTS(argc, argv, tests);
}
