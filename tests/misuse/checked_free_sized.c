/* expect: free_sized of POINTER with a size of SAID bytes, which malloc made with SIZE */
/* env: HAKMEM_CHECK=1 */
/* sizes: 48 3000 40000 */
#include "misuse.h"

int main(void)
{
    void (*free_sized)(void *, size_t) = function("free_sized");
    void *block = malloc(SIZE);
    say("POINTER", block);
    dprintf(1, "SAID %d\n", SIZE - 1);
    free_sized(block, SIZE - 1);
    return 0;
}
