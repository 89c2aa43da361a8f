/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* The program's own fault reaches its handler with the signals blocked that it asked for. */
#include <setjmp.h>
#include <signal.h>

#include "guarded.h"

static sigjmp_buf back;

static void on_fault(int number)
{
    sigset_t blocked;
    sigprocmask(SIG_BLOCK, NULL, &blocked);
    if (!sigismember(&blocked, SIGUSR1))
        _exit(1);
    siglongjmp(back, number);
}

int main(void)
{
    struct sigaction action = {.sa_handler = on_fault};
    sigaddset(&action.sa_mask, SIGUSR1);
    sigaction(SIGSEGV, &action, NULL);
    char *block = guarded_to_the_right(48);
    if (!sigsetjmp(back, 1)) {
        *(volatile char *)16 = 1;
        return 1;
    }
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
