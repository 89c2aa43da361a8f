/* expect: overflow by 1 byte: written beyond .* block at BLOCK \(40000 bytes\), found when it was freed */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_left(40000);
    say("BLOCK", block);
    block[40000] = 1;
    free(block);
    return 0;
}
