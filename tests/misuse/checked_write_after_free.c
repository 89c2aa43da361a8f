/* expect: POINTER \(SIZE bytes\) was written to after it was freed, at offset LAST */
/* env: HAKMEM_CHECK=1 */
/* sizes: 48 3000 */
#include "misuse.h"

int main(void)
{
    char *block = malloc(SIZE);
    say("POINTER", block);
    dprintf(1, "LAST %d\n", SIZE - 1);
    free(block);
    block[SIZE - 1] = 1;
    for (int i = 0; i < 20000; i++) /* others take its place in quarantine */
        free(malloc(700));
    _exit(0);
}
