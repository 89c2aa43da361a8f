/* expect: write before the start of POINTER, found by free of the block in front of it, FRONT */
/* env: HAKMEM_CHECK=1 */
/* sizes: 48 3000 40000 */
#include "misuse.h"

int main(void)
{
    enum { BLOCKS = 100 };
    char *blocks[BLOCKS], *front = NULL, *block = NULL;
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(SIZE);
    for (int i = 0; i < BLOCKS; i++) /* the two that are nearest to each other are neighbours */
        for (int j = 0; j < BLOCKS; j++)
            if (blocks[j] > blocks[i] && (!front || blocks[j] - blocks[i] < block - front)) {
                front = blocks[i];
                block = blocks[j];
            }
    say("POINTER", block);
    say("FRONT", front);
    block[-1] ^= 1;
    free(front);
    return 0;
}
