/* expect: operator delete of POINTER \(48 bytes\) which operator new\[\] made */
/* env: HAKMEM_CHECK=1 */
#include "misuse.h"

int main(void)
{
    void *(*array_new)(size_t) = function("_Znam");
    void (*operator_delete)(void *) = function("_ZdlPv");
    void *block = array_new(48);
    say("POINTER", block);
    operator_delete(block);
    return 0;
}
