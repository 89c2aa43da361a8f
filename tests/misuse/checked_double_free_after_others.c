/* expect: double free of POINTER \(SIZE bytes\) */
/* env: HAKMEM_CHECK=1 */
/* sizes: 48 3000 40000 */
#include "misuse.h"

int main(void)
{
    crowd_make(SIZE);
    void *block = malloc(SIZE);
    say("POINTER", block);
    free(block);
    for (int i = 0; i < 100; i++)
        free(crowds[0][i]);
    void *other = malloc(SIZE);
    free(block);
    free(other);
    return 0;
}
