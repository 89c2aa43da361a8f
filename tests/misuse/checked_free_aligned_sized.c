/* expect: free_aligned_sized of POINTER with an alignment of 64, which malloc made with none */
/* env: HAKMEM_CHECK=1 */
#include "misuse.h"

int main(void)
{
    void (*free_aligned_sized)(void *, size_t, size_t) = function("free_aligned_sized");
    void *block = malloc(64);
    say("POINTER", block);
    free_aligned_sized(block, 64, 64);
    return 0;
}
