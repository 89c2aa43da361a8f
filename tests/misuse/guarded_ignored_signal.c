/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* A program that ignores SIGSEGV goes on doing so, and what it starts inherits that. */
#include <signal.h>

#include "guarded.h"

int main(void)
{
    struct sigaction now;
    signal(SIGSEGV, SIG_IGN);
    char *block = guarded_to_the_right(48);
    if (sigaction(SIGSEGV, NULL, &now) || now.sa_handler != SIG_IGN)
        return 1;
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
