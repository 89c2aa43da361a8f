/* Holds 60 MB of blocks of many sizes, and does nothing more. */
#include "staged.h"

int main(void)
{
    for (int i = 0; i < 60000; i++)
        staged_block(16 + (size_t)i * 7919 % 2000);
    staged_ready(NULL);
}
