/* expect: double free of POINTER */
/* sizes: 48 3000 40000 3000000 */
#include "misuse.h"

/* Leaves a cache of this size, where there is one, that has blocks and room for more: a full one takes a
 * closer look at what is freed. */
static void warm_up(void)
{
    void *blocks[10];
    for (int i = 0; i < 10; i++)
        blocks[i] = malloc(SIZE);
    for (int i = 0; i < 10; i++)
        free(blocks[i]);
    for (int i = 0; i < 5; i++)
        blocks[i] = malloc(SIZE);
}

int main(void)
{
    warm_up();
    void *block = malloc(SIZE);
    say("POINTER", block);
    free(block);
    free(block);
    _exit(0); /* too late */
}
