/* expect: free_sized of POINTER with a size of 47 bytes, which malloc made with 48 */
/* env: HAKMEM_CHECK=1 */
#include "misuse.h"

int main(void)
{
    void (*free_sized)(void *, size_t) = function("free_sized");
    void *block = malloc(48);
    say("POINTER", block);
    free_sized(block, 47);
    return 0;
}
