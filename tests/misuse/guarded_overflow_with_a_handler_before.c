/* expect: overflow by 1 byte: (write of|access to) BYTE, beyond the end of the block at BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
/* A handler of the program's does not get what is ours. */
#include <signal.h>

#include "guarded.h"

static void on_fault(int number)
{
    _exit(number != SIGSEGV);
}

int main(void)
{
    signal(SIGSEGV, on_fault);
    char *block = guarded_to_the_right(48);
    say("BLOCK", block);
    say("BYTE", block + 48);
    block[48] = 1;
    return 0;
}
