/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* A SIGSEGV that somebody sends ends the process, as it would without us. */
#include <signal.h>
#include <sys/wait.h>

#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(48);
    int status;
    pid_t child = fork();
    if (child == 0) {
        raise(SIGSEGV);
        _exit(0);
    }
    if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
        return 1;
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
