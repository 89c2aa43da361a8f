/* expect: overflow by 4096 bytes: .* BYTE, beyond the end of the block at POINTER \(SIZE bytes\) */
/* env: HAKMEM_CHECK=1 */
/* sizes: 40000 3000000 */
/* signal: SEGV */
#include "misuse.h"

int main(void)
{
    char *block = malloc(SIZE);
    say("POINTER", block);
    say("BYTE", block + SIZE + 4095);
    block[SIZE + 4095] = 1;
    return 0;
}
