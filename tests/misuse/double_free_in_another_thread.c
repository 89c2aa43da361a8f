/* expect: double free of POINTER */
/* sizes: 48 3000 40000 3000000 */
#include "misuse.h"

static pthread_barrier_t freed_once;

/* Runs already when the block is freed first, so that its start does not use that memory. */
static void *free_again(void *block)
{
    pthread_barrier_wait(&freed_once);
    free(block);
    crowd_free(1);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    pthread_barrier_init(&freed_once, NULL, 2);
    crowd_make(SIZE);
    void *block = malloc(SIZE);
    say("POINTER", block);
    pthread_create(&thread, NULL, free_again, block);
    free(block);
    pthread_barrier_wait(&freed_once);
    pthread_join(thread, NULL);
    crowd_free(0);
    trim();
    return 0;
}
