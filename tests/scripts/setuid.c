/* Says whether it runs with another user's rights, and the value of an option. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>

#include "hakmem.h"

int main(void)
{
    char value[32] = "";
    free(malloc(100));
    hakmem_option_get("HAKMEM_FC_CAP", value, sizeof value);
    printf("%s, FC_CAP %s\n", getauxval(AT_SECURE) ? "setuid" : "not setuid", value);
    return 0;
}
