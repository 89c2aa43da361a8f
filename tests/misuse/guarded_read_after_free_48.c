/* expect: use after free: (read of|access to) BYTE, offset 9 in the freed block at BLOCK \(48 bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(48);
    say("BLOCK", block);
    say("BYTE", block + 9);
    free(block);
    return peek(block + 9);
}
