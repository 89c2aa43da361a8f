/* expect: (double free|free) of POINTER */
/* env: HAKMEM_SCAVENGER=0 */
/* sizes: 48 3000 */
#include "misuse.h"

/* Without a scavenger, whose start would take memory that was just freed for blocks of its own. */

enum { SLAB_BYTES = 65536, OTHER = SIZE == 48 ? 80 : 5120 };

/* One that is no block's start when its slab holds blocks of another size. */
static void *choose(void)
{
    for (int i = 0; i < CROWD; i++)
        if ((unsigned long)crowds[0][i] % SLAB_BYTES % OTHER)
            return crowds[0][i];
    abort();
}

int main(void)
{
    crowd_make(SIZE);
    void *block = choose();
    say("POINTER", block);
    crowd_free(0);
    crowd_free(1);
    trim();
    crowd_make(OTHER);
    free(block);
    crowd_free(0);
    crowd_free(1);
    return 0;
}
