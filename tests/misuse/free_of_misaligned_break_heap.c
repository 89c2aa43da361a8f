/* expect: free of POINTER which is not a block of HAKMEM: it lies in \[heap\] */
/* Where libc's blocks are, but none of its: they are aligned. */
#include <sys/syscall.h>
#include <unistd.h>

#include "misuse.h"

int main(void)
{
    char *end = sbrk(4096);
    if (end == (void *)-1) { /* musl's */
        end = (char *)syscall(SYS_brk, 0);
        syscall(SYS_brk, end + 4096);
    }
    say("POINTER", end + 8);
    free(end + 8);
    return 0;
}
