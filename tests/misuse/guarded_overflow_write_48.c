/* expect: overflow by 1 byte: (write of|access to) BYTE, beyond .* block at BLOCK \(48 bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(48);
    say("BLOCK", block);
    say("BYTE", block + 48);
    block[48] = 1;
    return 0;
}
