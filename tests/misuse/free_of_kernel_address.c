/* expect: free of POINTER which is not a block of HAKMEM */
#include "misuse.h"

int main(void)
{
    say("POINTER", (void *)0xffff888000000000);
    free((void *)0xffff888000000000);
    return 0;
}
