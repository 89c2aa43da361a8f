/* expect: double free of BLOCK */
/* env: HAKMEM_CHECK=1 */
/* A large block's own pages, protected by the program: a fault there ends it without a word, in a child. */
#include <signal.h>
#include <sys/wait.h>

#include "guarded.h"

static void fault(int said)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory;
    if (dup2(said, 2) != 2 || posix_memalign((void **)&memory, page, 50 * page) != 0 ||
        mprotect(memory, page, PROT_READ) != 0)
        _exit(1);
    touch(memory);
    _exit(0);
}

int main(void)
{
    char name[] = "/tmp/misuse-XXXXXX";
    int status, said = mkstemp(name);
    unlink(name);
    pid_t child = fork();
    if (child == 0)
        fault(said);
    if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV ||
        lseek(said, 0, SEEK_END) != 0)
        return 1;
    char *block = malloc(48);
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
