/* expect: free of BLOCK with a size of 40 bytes, but it was made with 48 */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(48);
    say("BLOCK", block);
    FUNCTION("free_sized", void *, size_t)(block, 40);
    return 0;
}
