/* expect: POINTER, in a block of 0 bytes */
/* env: HAKMEM_SECURE=1 */
/* signal: SEGV */
#include "misuse.h"

int main(void)
{
    volatile char *block = malloc(0);
    say("POINTER", (void *)block);
    return *block;
}
