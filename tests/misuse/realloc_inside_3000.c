/* expect: (free|realloc) of POINTER which lies inside the block at BLOCK */
#include "misuse.h"

int main(void)
{
    crowd_make(3000);
    char *block = malloc(3000);
    say("BLOCK", block);
    say("POINTER", block + 16);
    realloc(block + 16, 5 * 3000);
    crowd_free(0);
    return 0;
}
