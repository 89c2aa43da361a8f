/* Opens the library beside it, by name alone: libc knows from the caller where to look. */
#include <dlfcn.h>

void *opener_open(void)
{
    return dlopen("neighbour.so", RTLD_NOW | RTLD_DEEPBIND);
}
