/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* The handler that was there before us gets what is not ours, with its own mask, flags and arguments. Only if
 * it does is the double free reached. */
#include <setjmp.h>
#include <signal.h>

#include "guarded.h"

static sigjmp_buf back;
static volatile int faults;

static void on_fault(int number, siginfo_t *info, void *context)
{
    sigset_t blocked;
    sigprocmask(SIG_SETMASK, NULL, &blocked);
    if (number == SIGSEGV && info->si_addr == (void *)16 && context && sigismember(&blocked, SIGUSR1) == 1)
        faults++;
    siglongjmp(back, 1);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaction(SIGSEGV, &action, NULL);
    char *block = guarded_to_the_right(48);
    for (int i = 0; i < 3; i++)
        if (!sigsetjmp(back, 1))
            *(volatile char *)16 = 1;
    if (faults != 3)
        return 1;
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
