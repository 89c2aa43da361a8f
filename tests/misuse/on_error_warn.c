/* expect: double free of POINTER */
/* env: HAKMEM_ON_ERROR=warn */
/* signal: none */
#include "misuse.h"

int main(void)
{
    void *block = malloc(100);
    say("POINTER", block);
    free(block);
    free(block);
    return malloc(100) == malloc(100); /* as if the second free had not been */
}
