/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* SA_RESETHAND: in a child, the first fault reaches the program's handler, the second one ends it. */
#include <setjmp.h>

#include "guarded.h"

static sigjmp_buf back;

static void on_fault(int number)
{
    siglongjmp(back, number);
}

static void fault_twice(void)
{
    if (!sigsetjmp(back, 1))
        *(volatile char *)16 = 1;
    *(volatile char *)16 = 1;
}

int main(void)
{
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGSEGV, &action, NULL);
    char *block = guarded_to_the_right(48);
    if (!segfaults_in_child(fault_twice))
        return 1;
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
