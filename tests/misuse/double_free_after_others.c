/* expect: double free of POINTER */
/* sizes: 48 3000 40000 3000000 */
#include "misuse.h"

int main(void)
{
    crowd_make(SIZE);
    void *block = malloc(SIZE), *other = malloc(SIZE);
    say("POINTER", block);
    free(block);
    free(other);
    free(block);
    crowd_free(0);
    return 0;
}
