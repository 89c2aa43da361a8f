/* expect: POINTER, in a block of 0 bytes */
/* env: HAKMEM_CHECK=1 */
/* signal: SEGV */
#include "misuse.h"

int main(void)
{
    volatile char *block = malloc(0);
    say("POINTER", (void *)block);
    *block = 1;
    return 0;
}
