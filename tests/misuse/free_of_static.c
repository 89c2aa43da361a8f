/* expect: free of POINTER which is not a block of HAKMEM */
#include "misuse.h"

static char object[64];

int main(void)
{
    say("POINTER", object + 16);
    free(object + 16);
    return 0;
}
