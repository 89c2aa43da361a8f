/* expect: free of POINTER which is not a block of HAKMEM */
#include "misuse.h"

int main(void)
{
    char local[64];
    say("POINTER", local + 16);
    free(local + 16);
    return 0;
}
