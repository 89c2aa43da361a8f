/* A program with an allocator of its own, which it offers to all libraries. */
#include <stddef.h>
#include <string.h>

static _Alignas(16) char memory[1 << 20];
static size_t used;

void *malloc(size_t size)
{
    void *block = memory + used;
    used += (size + 31) / 16 * 16;
    return block;
}

void *calloc(size_t count, size_t size)
{
    return malloc(count * size);
}

void *realloc(void *block, size_t size)
{
    void *other = malloc(size);
    return block ? memcpy(other, block, size) : other;
}

void free(void *block)
{
    (void)block;
}

int main(void)
{
    return malloc(5) == NULL;
}
