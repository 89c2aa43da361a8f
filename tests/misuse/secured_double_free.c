/* expect: double free of POINTER */
/* env: HAKMEM_SECURE=1 */
/* sizes: 48 3000 40000 3000000 */
#include "misuse.h"

int main(void)
{
    void *block = malloc(SIZE);
    say("POINTER", block);
    free(block);
    free(block);
    return 0;
}
