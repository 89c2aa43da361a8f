/* expect: free of POINTER which lies inside the block at BLOCK */
#include "misuse.h"

int main(void)
{
    crowd_make(3000000);
    char *block = malloc(3000000);
    say("BLOCK", block);
    say("POINTER", block + 5);
    free(block + 5);
    crowd_free(0);
    return 0;
}
