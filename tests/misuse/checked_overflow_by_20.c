/* expect: write past the end of POINTER \(SIZE bytes\): 20 bytes at offset SIZE, found by realloc */
/* env: HAKMEM_CHECK=1 */
/* sizes: 48 3000 40000 */
#include "misuse.h"

int main(void)
{
    char *block = calloc(1, SIZE);
    say("POINTER", block);
    memset(block + SIZE, 'x', 20);
    return realloc(block, 2 * SIZE) == NULL;
}
