/* expect: (double free|free) of POINTER */
/* env: HAKMEM_SCAVENGER=0 */
/* sizes: 48 3000 40000 3000000 */
#include "misuse.h"

/* Without a scavenger, whose start would take memory that was just freed for blocks of its own. */

int main(void)
{
    crowd_make(SIZE);
    void *block = crowds[0][10];
    say("POINTER", block);
    crowd_free(0);
    crowd_free(1);
    trim();
    free(block);
    crowd_make(SIZE);
    crowd_free(0);
    crowd_free(1);
    return 0;
}
