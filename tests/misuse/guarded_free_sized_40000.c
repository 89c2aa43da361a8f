/* expect: free of BLOCK with a size of 39992 bytes, but it was made with 40000 */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(40000);
    say("BLOCK", block);
    FUNCTION("free_sized", void *, size_t)(block, 39992);
    return 0;
}
