/* Maps 64 MB itself, beside 4 MB of malloc. */
#include "staged.h"

#include <sys/mman.h>

enum { BYTES = 64 << 20 };

int main(void)
{
    char *mapped = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED)
        return 1;
    memset(mapped, 1, BYTES);
    for (int i = 0; i < 4000; i++)
        staged_block(1000);
    staged_ready(NULL);
}
