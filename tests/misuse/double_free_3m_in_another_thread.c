/* expect: double free of POINTER */
#include "misuse.h"

static void *free_again(void *block)
{
    free(block);
    crowd_free();
    memset(crowd, 0, sizeof crowd);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    crowd_make(3000000);
    void *block = malloc(3000000);
    say("POINTER", block);
    free(block);
    pthread_create(&thread, NULL, free_again, block);
    pthread_join(thread, NULL);
    crowd_free();
    malloc_trim(0);
    return 0;
}
