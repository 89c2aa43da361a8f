/* expect: free of POINTER which is not a block of HAKMEM */
#include "misuse.h"

int main(void)
{
    char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    say("POINTER", page + 4096);
    free(page + 4096);
    return 0;
}
