/* Threads that were busy with eight sizes, one thread after another, and now sleep. */
#include "staged.h"

enum { THREADS = 64, SIZES = 8, BLOCKS = 256, ROUNDS = 6 };

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void be_busy(size_t size)
{
    void *blocks[BLOCKS];
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < BLOCKS; i++)
            blocks[i] = staged_block(size);
        for (int i = 0; i < BLOCKS; i++)
            free(blocks[i]);
    }
}

static void *run(void *unused)
{
    pthread_mutex_lock(&turn);
    for (size_t k = 1; k <= SIZES; k++)
        be_busy(512 + k * 64);
    pthread_mutex_unlock(&turn);
    for (;;)
        pause();
    return unused;
}

int main(void)
{
    pthread_t thread;
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread, NULL, run, NULL) != 0)
            return 1;
    for (int i = 0; i < 10; i++)
        staged_pause_ms(100);
    pthread_mutex_lock(&turn);
    staged_ready(NULL);
}
