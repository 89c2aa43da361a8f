/* One thread allocates bursts of 40 MB; another frees them, and long breaks follow. */
#include "staged.h"

enum { BLOCKS = 100000, SIZE = 400 };

static void *blocks[BLOCKS];

static void *free_all(void *unused)
{
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    return unused;
}

/* The consumer is a new thread each time, so that it does not allocate itself. */
static void burst(void)
{
    pthread_t consumer;
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = staged_block(SIZE);
    if (pthread_create(&consumer, NULL, free_all, NULL) != 0)
        exit(1);
    pthread_join(consumer, NULL);
    staged_pause_ms(800);
}

int main(void)
{
    burst();
    staged_ready(burst);
}
