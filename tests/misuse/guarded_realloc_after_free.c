/* expect: realloc of BLOCK which is free already \(48 bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(48);
    say("BLOCK", block);
    free(block);
    realloc(block, 100);
    return 0;
}
