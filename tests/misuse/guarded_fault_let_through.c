/* expect: use after free: (write of|access to) BLOCK, offset 0 in the freed block at BLOCK */
/* env: HAKMEM_GUARD_RATE=1 HAKMEM_ON_ERROR=warn */
/* signal: none */
/* Told, the access goes on; and the slot is guarded again when it has its next block. */
#include "guarded.h"

int main(void)
{
    char *block = guarded_to_the_right(48);
    say("BLOCK", block);
    free(block);
    block[0] = 1;
    block[48] = 1;
    for (int i = 0; i < 200; i++) {
        char *next = calloc(1, 48);
        for (int j = 0; j < 48; j++)
            if (next[j])
                return 1;
        free(next);
    }
    return 0;
}
