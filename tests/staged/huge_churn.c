/* Buffers of 4 MB come and go, and are away most of the time. */
#include "staged.h"

enum { BUFFERS = 10, BYTES = 4 << 20 };

static void churn(void)
{
    void *buffers[BUFFERS];
    for (int i = 0; i < BUFFERS; i++)
        buffers[i] = staged_block(BYTES);
    for (int i = 0; i < BUFFERS; i++)
        free(buffers[i]);
    staged_pause_ms(400);
}

int main(void)
{
    churn();
    staged_ready(churn);
}
