/* expect: double free of POINTER */
#include "misuse.h"

int main(void)
{
    void *block = memalign(4096, 100);
    crowd_make(4096);
    say("POINTER", block);
    free(block);
    free(block);
    crowd_free(0);
    return 0;
}
