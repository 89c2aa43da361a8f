/* expect: use after free: (write of|access to) BYTE, offset [0-9]+ in .* block at BLOCK \(SIZE bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
/* sizes: 48 3000 40000 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_left(SIZE);
    say("BLOCK", block);
    say("BYTE", block + SIZE - 1);
    free(block);
    block[SIZE - 1] = 1;
    return 0;
}
