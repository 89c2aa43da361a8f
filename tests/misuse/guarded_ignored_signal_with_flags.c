/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* A signal is ignored whatever flags say so. Only if one that is sent ends nothing is the double free
 * reached. */
#include <signal.h>

#include "guarded.h"

int main(void)
{
    struct sigaction ignored = {.sa_handler = SIG_IGN, .sa_flags = SA_SIGINFO}, now;
    sigaction(SIGSEGV, &ignored, NULL);
    char *block = guarded_to_the_right(48);
    raise(SIGSEGV);
    if (sigaction(SIGSEGV, NULL, &now) != 0 || now.sa_handler != SIG_IGN)
        return 1;
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
