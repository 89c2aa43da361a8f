/* expect: free of BLOCK with a size of [0-9]+ bytes, but it was made with SIZE */
/* env: HAKMEM_GUARD_RATE=1 */
/* sizes: 48 3000 40000 */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(SIZE);
    say("BLOCK", block);
    FUNCTION("free_sized", void *, size_t)(block, SIZE - 8);
    return 0;
}
