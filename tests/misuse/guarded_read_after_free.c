/* expect: use after free: (read of|access to) BYTE, offset 9 in the freed block at BLOCK \(SIZE bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
/* sizes: 48 3000 40000 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(SIZE);
    say("BLOCK", block);
    say("BYTE", block + 9);
    free(block);
    return peek(block + 9);
}
