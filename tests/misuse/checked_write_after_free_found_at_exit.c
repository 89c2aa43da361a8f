/* expect: POINTER \(48 bytes\) was written to after it was freed, at offset 0 */
/* env: HAKMEM_CHECK=1 */
#include "misuse.h"

int main(void)
{
    char *block = malloc(48);
    say("POINTER", block);
    free(block);
    block[0] = 1;
    return 0;
}
