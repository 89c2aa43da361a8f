/* expect: operator delete of BLOCK with an alignment of 1 bytes, but it was made with 64 \(48 bytes\) */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    free(malloc(1));
    char *block = FUNCTION("_ZnwmSt11align_val_t", size_t, size_t)(48, 64);
    say("BLOCK", block);
    FUNCTION("_ZdlPv", void *)(block);
    return 0;
}
