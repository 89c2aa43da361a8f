/* expect: use after free: (write of|access to) BYTE, offset 47 in the freed block at BLOCK \(48 bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_left(48);
    say("BLOCK", block);
    say("BYTE", block + 47);
    free(block);
    block[47] = 1;
    return 0;
}
