/* expect: double free of POINTER */
/* env: HAKMEM_SECURE=1 */
/* sizes: 48 3000 40000 3000000 */
#include "misuse.h"

int main(void)
{
    void *block = malloc(SIZE), *another = malloc(SIZE);
    crowd_make(SIZE);
    say("POINTER", block);
    for (int i = 0; i < 20; i++) /* there is room in its cache */
        free(crowds[0][i]);
    for (int i = 0; i < 10; i++)
        crowds[0][i] = malloc(SIZE);
    free(block);
    free(another);
    free(block);
    _exit(0); /* too late */
}
