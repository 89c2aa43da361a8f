/* expect: overflow by 1 byte: (write of|access to) BYTE, beyond the end of the block at BLOCK */
/* env: HAKMEM_GUARD_RATE=1 HAKMEM_ON_ERROR=warn */
/* signal: none */
/* The slot's next block has guards beside it again. */
#include <errno.h>

#include "guarded.h"

static int is_accessible(const char *byte)
{
    int ends[2];
    if (pipe(ends))
        return -1;
    int accessible = write(ends[1], byte, 1) == 1 || errno != EFAULT;
    close(ends[0]);
    close(ends[1]);
    return accessible;
}

int main(void)
{
    char *block = guarded_to_the_right(48);
    say("BLOCK", block);
    say("BYTE", block + 48);
    block[48] = 1;
    if (!is_accessible(block + 48))
        return 1;
    free(block);
    for (int i = 0; i < 10000; i++) {
        char *next = malloc(48);
        if (next == block)
            return is_accessible(block + 48);
        free(next);
    }
    return 1;
}
