/* expect: malloc_usable_size of POINTER which lies inside the block at BLOCK */
/* sizes: 48 3000 40000 3000000 */
#include "misuse.h"

int main(void)
{
    char *block = malloc(SIZE);
    say("BLOCK", block);
    say("POINTER", block + 16);
    return (int)malloc_usable_size(block + 16);
}
