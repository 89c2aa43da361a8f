/* expect: double free of POINTER */
#include "misuse.h"

int main(void)
{
    crowd_make(48);
    void *block = malloc(48), *other = malloc(48);
    say("POINTER", block);
    free(block);
    free(other);
    free(block);
    crowd_free(0);
    return 0;
}
