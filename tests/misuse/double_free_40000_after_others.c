/* expect: double free of POINTER */
#include "misuse.h"

int main(void)
{
    crowd_make(40000);
    void *block = malloc(40000), *other = malloc(40000);
    say("POINTER", block);
    free(block);
    free(other);
    free(block);
    crowd_free(0);
    return 0;
}
