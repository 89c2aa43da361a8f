/* expect: overflow by 1 byte: (write of|access to) BYTE, beyond the end of the block at BLOCK */
/* env: HAKMEM_GUARD_RATE=1 */
/* signal: SEGV */
/* Between two live blocks it is the nearer one's. */
#include "guarded.h"

enum { LIVE = 8, TRIES = 1000 };
static char *live[LIVE];

/* One at its page's end, and behind the guard there a live one at its page's end too. */
static char *neighbour_of_a_live_one(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int i = 0; i < LIVE; i++)
        for (int j = 0; j < LIVE; j++)
            if (is_at_page((uintptr_t)live[i] + 48) && live[j] == live[i] + 2 * page)
                return live[i];
    return NULL;
}

int main(void)
{
    char *block = NULL;
    free(malloc(1));
    for (int try = 0; try < TRIES && !block; try++) {
        for (int i = 0; i < LIVE; i++) {
            free(live[i]);
            live[i] = malloc(48);
        }
        block = neighbour_of_a_live_one();
    }
    if (!block)
        return 1;
    say("BLOCK", block);
    say("BYTE", block + 48);
    block[48] = 1;
    return 0;
}
