/* expect: underflow by 3 bytes: written before .* block at BLOCK \(SIZE bytes\), found when it was freed */
/* env: HAKMEM_GUARD_RATE=1 */
/* sizes: 48 3000 40000 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(SIZE);
    say("BLOCK", block);
    block[-3] = 1;
    free(block);
    return 0;
}
