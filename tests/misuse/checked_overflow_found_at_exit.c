/* expect: write past the end of POINTER \(SIZE bytes\): 1 bytes at offset SIZE, found by exit */
/* env: HAKMEM_CHECK=1 */
/* sizes: 48 3000 40000 */
#include "misuse.h"

int main(void)
{
    char *block = malloc(SIZE);
    say("POINTER", block);
    block[SIZE] = 0;
    return 0;
}
