/* Has a block of every kind, prints "NAME ADDRESS" for each, then what hakmem_stats_read tells, then
 * "ready", and sleeps until it is killed. */
#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OTHERS = 3000, FILLER = 40000 };

static int a_static = 7;
static void *given[OTHERS];

static void tell(const char *name, const void *address)
{
    printf("%s 0x%lx\n", name, (unsigned long)address);
}

static void *block(size_t size)
{
    return memset(malloc(size), 0x5a, size);
}

static void *free_given(void *unused)
{
    for (int i = 0; i < OTHERS; i++)
        free(given[i]);
    tell("of_thread", block(96));
    tell("thread_stack", &unused);
    fflush(stdout);
    for (;;)
        pause();
    return unused;
}

static size_t filler_bytes(int i)
{
    return 16 + (size_t)i * 37 % 3000;
}

static bool is_freed(int i)
{
    return i % 7 < 3;
}

/* The last guarded one of those that are freed or not: only such a block has no more bytes than were asked
 * for, where those are no size class. */
static void tell_guarded(void **blocks, bool freed, const char *name, const char *bytes_name)
{
    for (int i = FILLER; i-- > 0;) {
        if (is_freed(i) != freed || filler_bytes(i) % 16 == 0 ||
            malloc_usable_size(blocks[i]) != filler_bytes(i))
            continue;
        tell(name, (char *)blocks[i] + 1);
        printf("%s %zu\n", bytes_name, filler_bytes(i));
        return;
    }
}

/* Live blocks of many sizes, with holes. */
static void fill(void)
{
    static void *blocks[FILLER];
    for (int i = 0; i < FILLER; i++)
        blocks[i] = block(filler_bytes(i));
    tell_guarded(blocks, false, "guarded", "guarded_bytes");
    tell_guarded(blocks, true, "quarantined", "quarantined_bytes");
    for (int i = 0; i < FILLER; i++)
        if (is_freed(i))
            free(blocks[i]);
}

/* As seen from inside; nothing is allocated from here on. */
static void tell_stats(void)
{
    uint64_t stats[256];
    bool (*read)(void *, size_t) = (bool (*)(void *, size_t))(uintptr_t)dlsym(RTLD_DEFAULT,
                                                                              "hakmem_stats_read");
    if (!read)
        return;
    memset(stats, 0xff, sizeof stats);
    read(stats, sizeof stats);
    for (size_t i = 0; i < 256 && stats[i] != UINT64_MAX; i++)
        printf("stats %llu\n", (unsigned long long)stats[i]);
}

int main(void)
{
    pthread_t thread;
    int on_stack = 0;
    setvbuf(stdout, NULL, _IOLBF, 4096);
    for (int i = 0; i < OTHERS; i++)
        given[i] = block(640);
    fill();
    char *cached = block(5000), *run = block(200000), *huge = block(3 << 20), *live = block(1000);
    free(cached);
    tell("live", live);
    tell("inside", live + 100);
    tell("cached", cached);
    tell("run", run + 70000);
    tell("huge", huge + (2 << 20) + 5);
    tell("published", given[OTHERS / 2]);
    tell("static", &a_static);
    tell("stack", &on_stack);
    tell("null", NULL);
    if (pthread_create(&thread, NULL, free_given, NULL) != 0)
        return 1;
    sleep(1);
    tell_stats();
    puts("ready");
    for (;;)
        pause();
}
