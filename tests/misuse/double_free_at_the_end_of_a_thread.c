/* expect: double free of POINTER */
#include "misuse.h"

static void *free_twice(void *unused)
{
    void *block = malloc(100);
    say("POINTER", block);
    free(block);
    free(block);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, free_twice, NULL);
    pthread_join(thread, NULL);
    return 0;
}
