/* expect: double free of POINTER */
#include "misuse.h"

int main(void)
{
    void *block = malloc(0);
    crowd_make(0);
    say("POINTER", block);
    free(block);
    free(block);
    crowd_free(0);
    return 0;
}
