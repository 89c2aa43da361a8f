/* expect: write past the end of POINTER \(at most [0-9]* bytes\): by more than 32 bytes, found by free */
/* env: HAKMEM_CHECK=1 */
/* sizes: 48 3000 */
#include "misuse.h"

int main(void)
{
    char *blocks[2];
    for (int i = 0; i < 2; i++) /* the lower of them, or what lies behind is not ours */
        blocks[i] = malloc(SIZE);
    char *block = blocks[blocks[1] < blocks[0]];
    say("POINTER", block);
    memset(block, 'x', malloc_usable_size(block) + 48 + SIZE / 8);
    free(block);
    return 0;
}
