/* expect: operator delete of POINTER with a size of SAID bytes, which operator new made with SIZE */
/* env: HAKMEM_CHECK=1 */
/* sizes: 48 3000 40000 */
#include "misuse.h"

int main(void)
{
    void *(*operator_new)(size_t) = function("_Znwm");
    void (*operator_delete)(void *, size_t) = function("_ZdlPvm");
    void *block = operator_new(SIZE);
    say("POINTER", block);
    dprintf(1, "SAID %d\n", SIZE / 2);
    operator_delete(block, SIZE / 2);
    return 0;
}
