/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* A SIGSEGV that somebody sends ends the process, as it would without us. */
#include "guarded.h"

static void send(void)
{
    raise(SIGSEGV);
}

int main(void)
{
    char *block = guarded_to_the_right(48);
    if (!segfaults_in_child(send))
        return 1;
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
