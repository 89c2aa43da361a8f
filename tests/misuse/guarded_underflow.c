/* expect: underflow by 2 bytes: (write of|access to) BYTE, before .* block at BLOCK \(SIZE bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
/* sizes: 48 3000 40000 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_left(SIZE);
    say("BLOCK", block);
    say("BYTE", block - 2);
    block[-2] = 1;
    return 0;
}
