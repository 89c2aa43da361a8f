#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    void *opener = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
    void *(*open_neighbour)(void) = opener ? (void *(*)(void))dlsym(opener, "opener_open") : NULL;
    void *neighbour = open_neighbour ? open_neighbour() : NULL;
    void (*neighbour_free)(void *) = neighbour ? (void (*)(void *))dlsym(neighbour, "neighbour_free") : NULL;
    if (!neighbour_free) {
        fprintf(stderr, "deepbind: %s\n", dlerror());
        return 1;
    }
    for (int i = 0; i < 1000; i++)
        neighbour_free(malloc((size_t)i * 10));
    return 0;
}
