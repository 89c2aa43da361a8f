/* expect: use after free: (write of|access to) BYTE, offset 39999 in .* block at BLOCK \(40000 bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_left(40000);
    say("BLOCK", block);
    say("BYTE", block + 39999);
    free(block);
    block[39999] = 1;
    return 0;
}
