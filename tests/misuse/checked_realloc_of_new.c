/* expect: realloc of POINTER \(48 bytes\) which operator new made */
/* env: HAKMEM_CHECK=1 */
#include "misuse.h"

int main(void)
{
    void *(*operator_new)(size_t) = function("_Znwm");
    void *block = operator_new(48);
    say("POINTER", block);
    return realloc(block, 100) == NULL;
}
