/* expect: free of POINTER \(SIZE bytes\) which operator new made */
/* env: HAKMEM_CHECK=1 */
/* sizes: 48 3000 40000 */
#include "misuse.h"

int main(void)
{
    void *(*operator_new)(size_t) = function("_Znwm");
    void *block = operator_new(SIZE);
    say("POINTER", block);
    free(block);
    return 0;
}
