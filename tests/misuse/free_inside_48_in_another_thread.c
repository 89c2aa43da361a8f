/* expect: free of POINTER which lies inside the block at BLOCK */
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
    crowd_make(48);
    char *block = malloc(48);
    say("BLOCK", block);
    say("POINTER", block + 16);
    pthread_create(&thread, NULL, free_it, block + 16);
    pthread_join(thread, NULL);
    crowd_free(0);
    trim();
    return 0;
}
