/* expect: double free of POINTER */
/* Whoever handles SIGABRT may allocate, and ask how the heap is, though locks were held when it was found. */
#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

#include "misuse.h"

static void on_abort(int number)
{
    static char stats[4096];
    int (*read_stats)(void *, size_t) = (int (*)(void *, size_t))dlsym(RTLD_DEFAULT, "hakmem_stats_read");
    void *volatile block = malloc(100000 + number);
    free(block);
    free(malloc(77));
    if (read_stats)
        read_stats(stats, sizeof stats);
}

int main(void)
{
    signal(SIGABRT, on_abort);
    alarm(100);
    char *pointer = malloc(48), *other = malloc(48);
    say("POINTER", pointer);
    free(pointer);
    free(other);
    free(pointer);
    for (size_t size = 1; size < 2000; size += 16)
        free(malloc(size));
    return 0;
}
