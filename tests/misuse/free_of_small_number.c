/* expect: free of POINTER which is not a block of HAKMEM */
#include "misuse.h"

int main(void)
{
    say("POINTER", (void *)0x40);
    free((void *)0x40);
    return 0;
}
