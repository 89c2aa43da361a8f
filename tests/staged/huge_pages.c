/* Many threads, each with a few blocks of many sizes. With HAKMEM_THP=always the kernel backs the heap with
 * huge pages. */
#include "staged.h"

enum { THREADS = 32, SIZES = 30, BLOCKS = 3, BUSY_BLOCKS = 2000 };

static pthread_barrier_t done;

static void *run(void *unused)
{
    for (int i = 0; i < BUSY_BLOCKS; i++) /* then HAKMEM gives it slabs of its own */
        staged_block(16);
    for (size_t k = 1; k <= SIZES; k++) {
        for (int i = 0; i < BLOCKS; i++)
            staged_block(k * 256);
    }
    pthread_barrier_wait(&done);
    for (;;)
        pause();
    return unused;
}

int main(void)
{
    pthread_t thread;
    pthread_barrier_init(&done, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread, NULL, run, NULL) != 0)
            return 1;
    pthread_barrier_wait(&done);
    staged_ready(NULL);
}
