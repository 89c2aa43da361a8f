/* expect: use after free: .* BYTE, offset 100 in the freed block at POINTER \(SIZE bytes\) */
/* env: HAKMEM_CHECK=1 */
/* sizes: 40000 3000000 */
/* signal: SEGV */
#include "misuse.h"

int main(void)
{
    char *block = malloc(SIZE);
    say("POINTER", block);
    say("BYTE", block + 100);
    free(block);
    block[100] = 1;
    return 0;
}
