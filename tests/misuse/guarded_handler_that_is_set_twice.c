/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* A handler that calls the one it replaced, and is set again when we are there: in a child, its fault ends it
 * after one call. */
#include <signal.h>
#include <sys/wait.h>

#include "guarded.h"

static struct sigaction replaced;
static int calls;

static void on_fault(int number, siginfo_t *info, void *context)
{
    if (calls++)
        _exit(1);
    if (replaced.sa_flags & SA_SIGINFO)
        replaced.sa_sigaction(number, info, context);
}

static void set(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO}, old;
    sigaction(SIGSEGV, &action, &old);
    if (old.sa_sigaction != on_fault)
        replaced = old;
}

int main(void)
{
    int status;
    set();
    char *block = guarded_to_the_right(48);
    set();
    pid_t child = fork();
    if (child == 0) {
        *(volatile char *)16 = 1;
        _exit(2);
    }
    if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
        return 1;
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
