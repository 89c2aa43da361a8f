/* expect: free of BLOCK with a size of 2992 bytes, but it was made with 3000 */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(3000);
    say("BLOCK", block);
    FUNCTION("free_sized", void *, size_t)(block, 2992);
    return 0;
}
