/* A program with a malloc of its own, one block behind the other and never used again, that loads a library
 * which brings another version of one of its functions.
 *
 *     own_malloc LIBRARY */
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static _Alignas(16) unsigned char pool[16 << 20];
static size_t used;

void *malloc(size_t size)
{
    size_t *block = (size_t *)(pool + used);
    size_t bytes = (size + 31) & ~(size_t)15;
    if (bytes < size || bytes > sizeof pool - used)
        return NULL;
    used += bytes;
    *block = size;
    return block + 2;
}

void free(void *block)
{
    (void)block;
}

void *calloc(size_t count, size_t size)
{
    return size && count > SIZE_MAX / size ? NULL : malloc(count * size);
}

void *realloc(void *block, size_t size)
{
    void *moved = malloc(size);
    size_t old = block ? ((size_t *)block)[-2] : 0;
    return moved && block ? memcpy(moved, block, old < size ? old : size) : moved;
}

int version(void)
{
    return 1;
}

int main(int argc, char **argv)
{
    void *library = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_DEEPBIND) : NULL;
    int (*library_version)(void) = library ? (int (*)(void))dlsym(library, "library_version") : NULL;
    return library_version && library_version() == 2 ? 0 : 1;
}
