/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* A SIGSEGV that somebody sends is no fault, whatever address it names: it is the program's handler's. */
#include <signal.h>
#include <sys/syscall.h>

#include "guarded.h"

static volatile sig_atomic_t handled;

static void on_signal(int number)
{
    handled += number == SIGSEGV;
}

int main(void)
{
    signal(SIGSEGV, on_signal);
    char *block = guarded_to_the_right(48);
    siginfo_t info = {.si_signo = SIGSEGV, .si_code = SI_QUEUE};
    info.si_addr = block + 48;
    if (syscall(SYS_rt_sigqueueinfo, getpid(), SIGSEGV, &info) || handled != 1)
        return 1;
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
