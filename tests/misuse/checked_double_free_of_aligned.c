/* expect: double free of POINTER \(48 bytes\) */
/* env: HAKMEM_CHECK=1 */
#include "misuse.h"

int main(void)
{
    void *block = aligned_alloc(4096, 48);
    say("POINTER", block);
    free(block);
    free(block);
    return 0;
}
