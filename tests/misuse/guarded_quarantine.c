/* expect: double free of BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* What was freed first is used again first: a block's memory rests while others are made and freed. */
#include "guarded.h"

enum { ROUNDS = 300, AT_LEAST = 10 };

int main(void)
{
    static uintptr_t page[ROUNDS];
    char *block = guarded_to_the_right(48);
    free(block);
    for (int i = 0; i < ROUNDS; i++) {
        char *next = malloc(48);
        page[i] = (uintptr_t)next / (uintptr_t)sysconf(_SC_PAGESIZE);
        for (int j = i - 1; j >= 0 && j > i - AT_LEAST; j--)
            if (page[j] == page[i])
                return 1;
        free(next);
    }
    block = guarded_to_the_right(48);
    say("BLOCK", block);
    free(block);
    free(block);
    return 0;
}
