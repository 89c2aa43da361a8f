/* expect: operator delete of POINTER \(48 bytes\) which malloc made */
/* env: HAKMEM_CHECK=1 */
#include "misuse.h"

int main(void)
{
    void (*operator_delete)(void *) = function("_ZdlPv");
    void *block = malloc(48);
    say("POINTER", block);
    operator_delete(block);
    return 0;
}
