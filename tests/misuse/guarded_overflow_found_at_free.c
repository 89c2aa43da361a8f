/* expect: overflow by 1 byte: written beyond .* block at BLOCK \(SIZE bytes\), found when it was freed */
/* env: HAKMEM_GUARD_RATE=1 */
/* sizes: 48 3000 40000 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_left(SIZE);
    say("BLOCK", block);
    block[SIZE] = 1;
    free(block);
    return 0;
}
