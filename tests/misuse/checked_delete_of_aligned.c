/* expect: operator delete of POINTER without an alignment, which aligned operator new made with 64 */
/* env: HAKMEM_CHECK=1 */
#include "misuse.h"

int main(void)
{
    void *(*aligned_new)(size_t, size_t) = function("_ZnwmSt11align_val_t");
    void (*operator_delete)(void *) = function("_ZdlPv");
    void *block = aligned_new(48, 64);
    say("POINTER", block);
    operator_delete(block);
    return 0;
}
