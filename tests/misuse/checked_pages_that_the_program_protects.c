/* expect: double free of BLOCK */
/* env: HAKMEM_CHECK=1 */
/* A large block's own pages, protected by the program: a fault there ends it without a word, in a child. */
#include "guarded.h"

static int said; /* what the child writes */

static void fault(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory;
    if (dup2(said, 2) != 2 || posix_memalign((void **)&memory, page, 50 * page) != 0 ||
        mprotect(memory, page, PROT_READ) != 0)
        _exit(1);
    touch(memory);
}

int main(void)
{
    char name[] = "/tmp/misuse-XXXXXX";
    said = mkstemp(name);
    unlink(name);
    if (!segfaults_in_child(fault) || lseek(said, 0, SEEK_END) != 0)
        return 1;
    char *block = malloc(48);
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
