/* expect: double free of POINTER */
#include "misuse.h"

int main(void)
{
    crowd_make(3000);
    void *block = malloc(3000);
    say("POINTER", block);
    free(block);
    free(block);
    crowd_free(0);
    return 0;
}
