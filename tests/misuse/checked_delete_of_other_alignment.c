/* expect: operator delete of POINTER with an alignment of 32, which aligned operator new made with 64 */
/* env: HAKMEM_CHECK=1 */
#include "misuse.h"

int main(void)
{
    void *(*aligned_new)(size_t, size_t) = function("_ZnwmSt11align_val_t");
    void (*aligned_delete)(void *, size_t) = function("_ZdlPvSt11align_val_t");
    void *block = aligned_new(48, 64);
    say("POINTER", block);
    aligned_delete(block, 32);
    return 0;
}
