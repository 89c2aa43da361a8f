/* expect: free of POINTER which is not a block of HAKMEM */
#include "misuse.h"

int main(void)
{
    const char *text = "a constant of the program";
    say("POINTER", text);
    free((void *)text);
    return 0;
}
