/* expect: overflow by 1 byte: (read of|access to) BYTE, beyond .* block at BLOCK \(40000 bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(40000);
    say("BLOCK", block);
    say("BYTE", block + 40000);
    return peek(block + 40000);
}
