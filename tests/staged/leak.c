/* Allocates blocks of 100 bytes, some 20 MB of them a second, and frees none. */
#include "staged.h"

static void leak(void)
{
    for (int i = 0; i < 4000; i++)
        staged_block(100);
    staged_pause_ms(20);
}

int main(void)
{
    for (int i = 0; i < 25; i++)
        leak();
    staged_ready(leak);
}
