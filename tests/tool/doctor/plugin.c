/* Calls malloc: whose? */
#include <stdlib.h>

void plugin_use(void)
{
    free(malloc(100));
}
