/* expect: double free of BLOCK \(SIZE-byte block\) */
/* env: HAKMEM_GUARD_RATE=1 */
/* sizes: 48 3000 40000 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(SIZE);
    say("BLOCK", block);
    free(block);
    free(malloc(SIZE));
    free(block);
    return 0;
}
