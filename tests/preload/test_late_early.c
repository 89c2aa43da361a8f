/* malloc before main, after it, and in the last moments of threads.
 *
 * Each test process ends by exit(), so the destructors at the bottom run after every test. */
#include "blocks.h"
#include "check.h"

#include <malloc.h>
#include <pthread.h>

static void *must(void *block)
{
    CHECK(block != NULL);
    return block;
}

/* A few blocks of each regime, with contents; made in one stage of life and freed in another. */
enum { KINDS = 8 };
static const size_t kind_bytes[KINDS] = {0, 24, 300, 1024, 5000, 33000, 200000, 1500000};

struct belongings {
    void *blocks[KINDS];
};

static void make(struct belongings *of, uint64_t seed)
{
    for (size_t i = 0; i < KINDS; i++) {
        of->blocks[i] = must(i % 2 ? malloc(kind_bytes[i]) : calloc(1, kind_bytes[i]));
        block_fill(of->blocks[i], kind_bytes[i], seed + i);
    }
}

static void resize(struct belongings *of, uint64_t seed)
{
    for (size_t i = 0; i < KINDS; i++) {
        CHECK(block_holds(of->blocks[i], kind_bytes[i], seed + i));
        of->blocks[i] = must(realloc(of->blocks[i], kind_bytes[i] * 2 + 1));
        CHECK(block_holds(of->blocks[i], kind_bytes[i], seed + i));
    }
}

static void destroy(struct belongings *of, uint64_t seed)
{
    for (size_t i = 0; i < KINDS; i++) {
        CHECK(block_holds(of->blocks[i], kind_bytes[i], seed + i));
        free(of->blocks[i]);
    }
}

/* --- before main ---------------------------------------------------------------------------------- */

static struct belongings of_preinit, of_constructor, of_main;
static unsigned stages;

static void in_preinit(int argc, char **argv, char **environment)
{
    (void)argc, (void)argv, (void)environment;
    free(NULL);
    CHECK(malloc_usable_size(NULL) == 0);
    make(&of_preinit, 100);
    stages |= 1;
}

__attribute__((section(".preinit_array"), used)) static void (*preinit)(int, char **, char **) = in_preinit;

__attribute__((constructor(101))) static void in_first_constructor(void)
{
    free(NULL);
#ifndef __GLIBC__ /* musl leaves .preinit_array out */
    in_preinit(0, NULL, NULL);
#endif
    resize(&of_preinit, 100);
    make(&of_constructor, 200);
    stages |= 2;
}

static void *in_early_thread(void *seed)
{
    struct belongings own;
    make(&own, (uintptr_t)seed);
    resize(&own, (uintptr_t)seed);
    destroy(&own, (uintptr_t)seed);
    return NULL;
}

__attribute__((constructor)) static void in_last_constructor(void)
{
    pthread_t thread;
    resize(&of_constructor, 200);
    CHECK(pthread_create(&thread, NULL, in_early_thread, (void *)7) == 0);
    pthread_join(thread, NULL);
    stages |= 4;
}

static void blocks_made_before_main_are_whole(void)
{
    CHECK(stages == 7);
    for (size_t i = 0; i < KINDS; i++) {
        CHECK(block_holds(of_preinit.blocks[i], kind_bytes[i], 100 + i));
        CHECK(block_holds(of_constructor.blocks[i], kind_bytes[i], 200 + i));
    }
}

static void the_first_call_may_be_any(void)
{
    free(NULL);
    CHECK(realloc(NULL, opaque_size(SIZE_MAX)) == NULL);
    free(must(realloc(NULL, 10)));
    free(must(memalign(64, 10)));
}

/* --- after main ----------------------------------------------------------------------------------- */

static unsigned handlers_left;

static void free_and_allocate(void)
{
    struct belongings own;
    make(&own, 350);
    destroy(&own, 350);
}

static void in_atexit(void)
{
    struct belongings own;
    make(&own, 300);
    resize(&of_main, 400);
    destroy(&own, 300);
    if (--handlers_left == 0)
        destroy(&of_main, 400);
    if (handlers_left == 5)
        atexit(free_and_allocate);
}

static void atexit_handlers_allocate_and_free(void)
{
    make(&of_main, 400);
    for (handlers_left = 0; handlers_left < 36; handlers_left++)
        CHECK(atexit(in_atexit) == 0);
}

static void exit_keeps_its_status(void)
{
    int status;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        free(must(malloc(100)));
        exit(43);
    }
    CHECK((status = wait_for(child)) == 43);
    child = fork();
    if (child == 0) {
        free(must(malloc(100)));
        _exit(44);
    }
    CHECK((status = wait_for(child)) == 44);
}

static void streams_are_flushed_and_freed_at_exit(void)
{
    int ends[2];
    char text[32] = "";
    CHECK(pipe(ends) == 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        FILE *stream = fdopen(ends[1], "w");
        setvbuf(stream, NULL, _IOFBF, 100000);
        fprintf(stream, "buffered till the end");
        exit(0);
    }
    close(ends[1]);
    CHECK(wait_for(child) == 0);
    CHECK(read(ends[0], text, sizeof text) == 21 && strcmp(text, "buffered till the end") == 0);
}

static void quick_exit_handler(void)
{
    free(must(malloc(5000)));
}

static void quick_exit_handlers_allocate(void)
{
    CHECK(at_quick_exit(quick_exit_handler) == 0);
    quick_exit(0);
}

/* --- the end of threads --------------------------------------------------------------------------- */

static pthread_key_t key;
static __thread struct belongings of_thread;
static __thread unsigned rounds;

static void in_key_destructor(void *value)
{
    CHECK(value == &of_thread);
    resize(&of_thread, 500);
    destroy(&of_thread, 500);
    if (++rounds >= 4)
        return;
    make(&of_thread, 500);
    pthread_setspecific(key, &of_thread);
}

static void *with_key(void *unused)
{
    make(&of_thread, 500);
    pthread_setspecific(key, &of_thread);
    return unused;
}

static void key_destructors_allocate_and_free_in_every_round(void)
{
    CHECK(pthread_key_create(&key, in_key_destructor) == 0);
    for (int i = 0; i < 15; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, with_key, NULL) == 0);
        pthread_join(thread, NULL);
    }
}

/* Key destructors run when the main thread ends so, and the process goes on until the last thread. */
static void *outlive_main(void *unused)
{
    struct belongings own;
    usleep(3000);
    make(&own, 600);
    destroy(&own, 600);
    return unused;
}

static void the_main_thread_ends_with_keys(void)
{
    pthread_t thread;
    CHECK(pthread_key_create(&key, in_key_destructor) == 0);
    CHECK(pthread_create(&thread, NULL, outlive_main, NULL) == 0);
    with_key(NULL);
    pthread_exit(NULL);
}

/* C++ registers destructors of thread_local objects so; they run before those of keys. musl has no such
 * function. */
#pragma weak __cxa_thread_atexit_impl
extern int __cxa_thread_atexit_impl(void (*destructor)(void *), void *object, void *dso);
extern void *__dso_handle;

static void in_thread_atexit(void *seed)
{
    struct belongings own;
    make(&own, (uintptr_t)seed);
    destroy(&own, (uintptr_t)seed);
    if (rounds++ < 5)
        __cxa_thread_atexit_impl(in_thread_atexit, seed, &__dso_handle);
}

static void *with_thread_atexit(void *seed)
{
    __cxa_thread_atexit_impl(in_thread_atexit, seed, &__dso_handle);
    return NULL;
}

static void thread_atexit_destructors_allocate(void)
{
    if (__cxa_thread_atexit_impl == NULL)
        SKIP("this libc leaves destructors of thread_local objects to the C++ runtime");
    for (uintptr_t i = 0; i < 15; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, with_thread_atexit, (void *)i) == 0);
        pthread_join(thread, NULL);
    }
    with_thread_atexit((void *)50);
}

/* --- after everything ----------------------------------------------------------------------------- */

__attribute__((destructor)) static void in_first_destructor(void)
{
    struct belongings own;
    make(&own, 700);
    destroy(&own, 700);
    destroy(&of_constructor, 200);
    resize(&of_preinit, 100);
}

__attribute__((destructor(101))) static void in_last_destructor(void)
{
    struct belongings own;
    make(&own, 800);
    destroy(&of_preinit, 100);
    destroy(&own, 800);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(blocks_made_before_main_are_whole),
        TEST(the_first_call_may_be_any),
        TEST(atexit_handlers_allocate_and_free),
        TEST(exit_keeps_its_status),
        TEST(streams_are_flushed_and_freed_at_exit),
        TEST(quick_exit_handlers_allocate),
        TEST(key_destructors_allocate_and_free_in_every_round),
        TEST(the_main_thread_ends_with_keys),
        TEST(thread_atexit_destructors_allocate),
    };
    return RUN_TESTS(argc, argv, tests);
}
