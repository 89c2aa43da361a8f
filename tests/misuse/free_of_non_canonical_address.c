/* expect: free of POINTER which is not a block of HAKMEM */
#include "misuse.h"

int main(void)
{
    say("POINTER", (void *)0x7ff7000000001000);
    free((void *)0x7ff7000000001000);
    return 0;
}
