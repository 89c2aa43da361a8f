/* expect: write before the start of POINTER, found by free of the block in front of it, FRONT */
/* env: HAKMEM_CHECK=1 */
#include "misuse.h"

int main(void)
{
    enum { BLOCKS = 100, STRIDE = 80 };
    char *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(48);
    for (int i = 1; i < BLOCKS; i++)
        if (blocks[i] - blocks[i - 1] == STRIDE) {
            say("POINTER", blocks[i]);
            say("FRONT", blocks[i - 1]);
            blocks[i][-1] ^= 1;
            free(blocks[i - 1]);
            break;
        }
    return 0;
}
