/* expect: underflow by 3 bytes: written before .* block at BLOCK \(3000 bytes\), found when it was freed */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(3000);
    say("BLOCK", block);
    block[-3] = 1;
    free(block);
    return 0;
}
