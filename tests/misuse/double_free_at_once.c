/* expect: double free of POINTER */
/* sizes: 48 3000 40000 3000000 */
#include "misuse.h"

int main(void)
{
    warm_up(SIZE);
    void *block = malloc(SIZE);
    say("POINTER", block);
    free(block);
    free(block);
    _exit(0); /* too late */
}
