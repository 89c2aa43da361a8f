/* expect: overflow by 1 byte: written beyond .* block at BLOCK \(3000 bytes\), found when it was freed */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_left(3000);
    say("BLOCK", block);
    block[3000] = 1;
    free(block);
    return 0;
}
