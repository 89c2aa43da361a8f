/* expect: free of POINTER */
/* env: HAKMEM_CHECK=1 */
/* sizes: 48 3000 40000 */
#include "misuse.h"

int main(void)
{
    crowd_make(SIZE);
    void *block = crowds[0][10];
    say("POINTER", block);
    crowd_free(0);
    crowd_free(1);
    for (int i = 0; i < 20000; i++) /* others take its place in quarantine */
        free(malloc(700));
    trim();
    free(block);
    return 0;
}
