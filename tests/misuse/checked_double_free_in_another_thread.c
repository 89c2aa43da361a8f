/* expect: double free of POINTER \(SIZE bytes\) */
/* env: HAKMEM_CHECK=1 */
/* sizes: 48 3000 40000 */
#include "misuse.h"

static void *free_again(void *block)
{
    free(block);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    void *block = malloc(SIZE);
    say("POINTER", block);
    free(block);
    pthread_create(&thread, NULL, free_again, block);
    pthread_join(thread, NULL);
    return 0;
}
