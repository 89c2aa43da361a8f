/* expect: double free of BLOCK \(48-byte block\) */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(48);
    say("BLOCK", block);
    free(block);
    free(malloc(48));
    free(block);
    return 0;
}
