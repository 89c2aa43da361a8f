/* expect: free of POINTER which is not a block of HAKMEM */
#include "misuse.h"

int main(void)
{
    say("POINTER", (void *)main);
    free((void *)main);
    return 0;
}
