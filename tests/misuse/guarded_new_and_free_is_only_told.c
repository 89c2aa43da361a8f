/* expect: free of BLOCK which operator new made \(48 bytes\): the program goes on */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: none */
#include "guarded.h"

int main(void)
{
    free(malloc(1));
    char *block = FUNCTION("_Znwm", size_t)(48);
    say("BLOCK", block);
    free(block);
    return 0;
}
