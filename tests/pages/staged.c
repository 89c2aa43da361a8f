/* staged.c - a program whose heap is known, for the tests of the pages to look at: SURVIVORS of BLOCKS
 * blocks of 48 bytes live on, and 5 blocks of 3 MiB. It says "ready", then frees a little every 50 ms
 * until it is killed or, with an argument, for so many milliseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BLOCKS = 60000, KEPT_EVERY = 20, HUGE_BLOCKS = 5, CHURNED = 4000 };

static void pause_ms(long ms)
{
    struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

static void *filled(size_t size)
{
    void *block = malloc(size);
    if (!block)
        exit(1);
    return memset(block, 1, size);
}

int main(int argc, char **argv)
{
    static void *block[BLOCKS], *huge[HUGE_BLOCKS], *churned[CHURNED];
    long turns = argc > 1 ? atol(argv[1]) / 50 : 1 << 30;
    for (int i = 0; i < BLOCKS; i++)
        block[i] = filled(48);
    for (int i = 0; i < BLOCKS; i++)
        if (i % KEPT_EVERY)
            free(block[i]);
    for (int i = 0; i < HUGE_BLOCKS; i++)
        huge[i] = filled(3 << 20);
    for (int i = 0; i < CHURNED; i++)
        churned[i] = filled(1024);
    puts("ready");
    fflush(stdout);
    for (int turn = 0; turn < turns; turn++) {
        for (int i = turn % 8; i < CHURNED && turn < 8; i += 16)
            free(churned[i]);
        pause_ms(50);
    }
    return huge[0] ? 0 : 1;
}
