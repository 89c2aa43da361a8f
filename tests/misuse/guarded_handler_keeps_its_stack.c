/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* The program's own fault reaches its handler on the stack that it was made for. */
#include <setjmp.h>
#include <signal.h>

#include "guarded.h"

enum { STACK_BYTES = 64 * 1024 };
static char stack[STACK_BYTES];
static sigjmp_buf back;

static void on_fault(int number)
{
    char here;
    if (&here < stack || &here >= stack + STACK_BYTES)
        _exit(1);
    siglongjmp(back, number);
}

int main(void)
{
    stack_t other = {.ss_sp = stack, .ss_size = STACK_BYTES};
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_ONSTACK};
    sigaltstack(&other, NULL);
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
