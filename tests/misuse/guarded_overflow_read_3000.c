/* expect: overflow by 9 bytes: (read of|access to) BYTE, beyond .* block at BLOCK \(3000 bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(3000);
    say("BLOCK", block);
    say("BYTE", block + 3008);
    return peek(block + 3008);
}
