/* expect: free of BYTE which lies inside the block at BLOCK \(SIZE bytes, offset 16\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* sizes: 48 3000 40000 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(SIZE);
    say("BLOCK", block);
    say("BYTE", block + 16);
    free(block + 16);
    return 0;
}
