/* expect: operator delete of BLOCK with a size of 40 bytes, but it was made with 48 */
/* env: HAKMEM_GUARD_RATE=1 */
#include "guarded.h"

int main(void)
{
    free(malloc(1));
    char *block = FUNCTION("_Znwm", size_t)(48);
    say("BLOCK", block);
    FUNCTION("_ZdlPvm", void *, size_t)(block, 40);
    return 0;
}
