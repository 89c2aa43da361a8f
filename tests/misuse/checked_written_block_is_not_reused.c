/* expect: POINTER \(SIZE bytes\) was written to after it was freed, at offset 0 */
/* env: HAKMEM_CHECK=1 HAKMEM_ON_ERROR=warn */
/* sizes: 48 3000 */
/* signal: none */
#include "misuse.h"

int main(void)
{
    char *block = malloc(SIZE);
    say("POINTER", block);
    free(block);
    block[0] = 1;
    for (int i = 0; i < 20000; i++) /* others take its place in quarantine, */
        free(malloc(700));
    for (int i = 0; i < 20000; i++) /* and it is not given out again */
        if (malloc(SIZE) == block)
            abort();
    return 0;
}
