/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* A block's own pages, protected by the program: their faults are its own. Only if they reach its handler is
 * the double free reached. */
#include <signal.h>

#include "guarded.h"

static size_t page;

static void on_fault(int number, siginfo_t *info, void *context)
{
    (void)number, (void)context;
    mprotect((char *)((uintptr_t)info->si_addr & -page), page, PROT_READ | PROT_WRITE);
}

int main(void)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    page = (size_t)sysconf(_SC_PAGESIZE);
    sigaction(SIGSEGV, &action, NULL);
    for (size_t pages = 1; pages < 4; pages++) {
        char *memory;
        if (posix_memalign((void **)&memory, page, pages * page) != 0 ||
            mprotect(memory, pages * page, PROT_READ) != 0)
            return 1;
        for (size_t i = 0; i < pages; i++)
            touch(memory + i * page + i);
        free(memory);
    }
    char *block = malloc(48);
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
