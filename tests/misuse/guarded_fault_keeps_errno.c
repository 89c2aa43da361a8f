/* expect: overflow by 1 byte: (write of|access to) BYTE, beyond the end of the block at BLOCK */
/* env: HAKMEM_GUARD_RATE=1 HAKMEM_ON_ERROR=warn */
/* signal: none */
#include <errno.h>

#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(48);
    say("BLOCK", block);
    say("BYTE", block + 48);
    errno = 42;
    block[48] = 1;
    return errno != 42;
}
