/* expect: realloc of POINTER \(SIZE bytes\) which was freed */
/* env: HAKMEM_CHECK=1 */
/* sizes: 48 3000 40000 */
#include "misuse.h"

int main(void)
{
    void *block = malloc(SIZE);
    say("POINTER", block);
    free(block);
    return realloc(block, SIZE + 1) == NULL;
}
