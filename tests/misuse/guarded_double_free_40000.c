/* expect: double free of BLOCK \(40000-byte block\) */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(40000);
    say("BLOCK", block);
    free(block);
    free(malloc(40000));
    free(block);
    return 0;
}
