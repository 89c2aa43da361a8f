/* expect: double free of POINTER \(0 bytes\) */
/* env: HAKMEM_CHECK=1 */
#include "misuse.h"

int main(void)
{
    void *block = malloc(0);
    say("POINTER", block);
    free(block);
    free(block);
    return 0;
}
