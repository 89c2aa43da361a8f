/* misuse.h - what the programs that misuse malloc share. Each ends well if nobody stops it. */
#ifndef MISUSE_H
#define MISUSE_H

#include <dlfcn.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Tells run.sh what a word of the expected line stands for. */
static inline void say(const char *word, const void *pointer)
{
    dprintf(1, "%s %p\n", word, pointer);
}

/* One that libc may not have, or that only C++ can name. */
static inline void *function(const char *name)
{
    void *found = dlsym(RTLD_DEFAULT, name);
    if (!found)
        abort();
    return found;
}

/* malloc_trim(0), which not every libc has. */
static inline void trim(void)
{
    int (*malloc_trim)(size_t) = (int (*)(size_t))dlsym(RTLD_DEFAULT, "malloc_trim");
    if (malloc_trim)
        malloc_trim(0);
}

/* Leaves a cache of this size, where there is one, that has blocks and room for more: a full one takes a
 * closer look at what is freed. */
static inline void warm_up(size_t size)
{
    void *blocks[10];
    for (int i = 0; i < 10; i++)
        blocks[i] = malloc(size);
    for (int i = 0; i < 10; i++)
        free(blocks[i]);
    for (int i = 0; i < 5; i++)
        blocks[i] = malloc(size);
}

/* A free that only joins a cache is judged when it leaves it: many more of the same size push it out.
 * There are two crowds, for two threads. */
enum { CROWD = 5000 };
static void *crowds[2][CROWD];

static inline void crowd_make(size_t size)
{
    int count = size > 100000 ? 20 : size > 10000 ? 200 : CROWD;
    for (int i = 0; i < count; i++) {
        crowds[0][i] = malloc(size);
        crowds[1][i] = malloc(size);
    }
}

static inline void crowd_free(int which)
{
    for (int i = 0; i < CROWD; i++)
        free(crowds[which][i]);
}

#endif
