/* expect: (free|realloc) of POINTER which is not a block of HAKMEM */
#include "misuse.h"

int main(void)
{
    char local[64];
    say("POINTER", local + 16);
    realloc(local + 16, 1000);
    return 0;
}
