/* Fills 60 MB with blocks of two sizes and frees all but one in twenty: some survive on nearly every page. */
#include "staged.h"

enum { BLOCKS = 320000, EVERY = 20 };

static void *blocks[BLOCKS];

int main(void)
{
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = staged_block(i % 2 ? 48 : 320);
    for (int i = 0; i < BLOCKS; i++)
        if (i / 2 % EVERY)
            free(blocks[i]);
    staged_ready(NULL);
}
