/* expect: underflow by 2 bytes: (write of|access to) BYTE, before .* block at BLOCK \(40000 bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_left(40000);
    say("BLOCK", block);
    say("BYTE", block - 2);
    block[-2] = 1;
    return 0;
}
