/* expect: free of POINTER which is not a block of HAKMEM: it lies in memory that something else mapped */
/* Before the pointer stands what would be a mapped block of libc's, if it began and ended at pages. */
#include "misuse.h"

int main(void)
{
    size_t *words = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    words[100] = 0;
    words[101] = 4096 | 2;
    void *pointer = words + 102;
    say("POINTER", pointer);
    free(pointer);
    return 0;
}
