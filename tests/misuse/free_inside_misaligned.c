/* expect: free of POINTER which lies inside the block at BLOCK */
/* sizes: 48 3000 40000 3000000 */
#include "misuse.h"

int main(void)
{
    crowd_make(SIZE);
    char *block = malloc(SIZE);
    say("BLOCK", block);
    say("POINTER", block + 5);
    free(block + 5);
    crowd_free(0);
    return 0;
}
