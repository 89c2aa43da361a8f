/* expect: free of POINTER */
/* env: HAKMEM_CHECK=1 */
#include "misuse.h"

int main(void)
{
    _Alignas(16) char block[48];
    say("POINTER", block);
    free(block);
    return 0;
}
