/* expect: free of POINTER which lies inside the block at BLOCK */
/* sizes: 48 3000 40000 3000000 */
#include "misuse.h"

static void *free_it(void *pointer)
{
    free(pointer);
    crowd_free(1);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    crowd_make(SIZE);
    char *block = malloc(SIZE);
    say("BLOCK", block);
    say("POINTER", block + 16);
    pthread_create(&thread, NULL, free_it, block + 16);
    pthread_join(thread, NULL);
    crowd_free(0);
    trim();
    return 0;
}
