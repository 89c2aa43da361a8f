/* A library that is initialised before HAKMEM is, since HAKMEM comes before it in the search order. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *made[10];

static void *allocate(void *unused)
{
    for (size_t size = 1; size < 3000000; size *= 3)
        free(memset(malloc(size), 1, size));
    return unused;
}

__attribute__((constructor)) static void come_first(void)
{
    pthread_t thread;
    free(NULL);
    for (size_t i = 0; i < 10; i++)
        made[i] = calloc(i, 30000);
    allocate(NULL);
    if (pthread_create(&thread, NULL, allocate, NULL) == 0)
        pthread_join(thread, NULL);
}

__attribute__((destructor)) static void go_last(void)
{
    for (int i = 0; i < 10; i++)
        free(made[i]);
    allocate(NULL);
}
