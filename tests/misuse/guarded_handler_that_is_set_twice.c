/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* A handler that calls the one it replaced, and is set again when we are there: in a child, its fault ends it
 * after one call. */
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

static void fault(void)
{
    *(volatile char *)16 = 1;
}

int main(void)
{
    set();
    char *block = guarded_to_the_right(48);
    set();
    if (!segfaults_in_child(fault))
        return 1;
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
