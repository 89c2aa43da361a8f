/* expect: overflow by [19] bytes?: (read of|access to) BYTE, beyond .* block at BLOCK \(SIZE bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
/* sizes: 48 3000 40000 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(SIZE);
    say("BLOCK", block);
    say("BYTE", block + ROUNDED);
    return peek(block + ROUNDED);
}
