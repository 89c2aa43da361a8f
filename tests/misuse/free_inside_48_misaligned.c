/* expect: free of POINTER which lies inside the block at BLOCK */
#include "misuse.h"

int main(void)
{
    crowd_make(48);
    char *block = malloc(48);
    say("BLOCK", block);
    say("POINTER", block + 5);
    free(block + 5);
    crowd_free(0);
    return 0;
}
