/* expect: free of BLOCK with an alignment of 128 bytes, but it was made with 64 \(100 bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    free(malloc(1));
    char *block = aligned_alloc(64, 100);
    say("BLOCK", block);
    FUNCTION("free_aligned_sized", void *, size_t, size_t)(block, 128, 100);
    return 0;
}
