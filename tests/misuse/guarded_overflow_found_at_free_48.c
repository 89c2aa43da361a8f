/* expect: overflow by 1 byte: written beyond .* block at BLOCK \(48 bytes\), found when it was freed */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_left(48);
    say("BLOCK", block);
    block[48] = 1;
    free(block);
    return 0;
}
