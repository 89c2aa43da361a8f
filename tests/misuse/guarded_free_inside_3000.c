/* expect: free of BYTE which lies inside the block at BLOCK \(3000 bytes, offset 16\) */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(3000);
    say("BLOCK", block);
    say("BYTE", block + 16);
    free(block + 16);
    return 0;
}
