/* expect: use after free: (write of|access to) BYTE, offset 2999 in .* block at BLOCK \(3000 bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_left(3000);
    say("BLOCK", block);
    say("BYTE", block + 2999);
    free(block);
    block[2999] = 1;
    return 0;
}
