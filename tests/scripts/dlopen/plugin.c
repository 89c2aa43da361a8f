/* A library that allocates when it is loaded, used and unloaded. */
#include <stdlib.h>
#include <string.h>

void *plugin_make(size_t size);
void plugin_destroy(void *block);

static void *kept[100];

__attribute__((constructor)) static void load(void)
{
    free(NULL);
    for (size_t i = 0; i < 100; i++)
        kept[i] = memset(malloc(i * 100 + 1), 1, i * 100 + 1);
}

__attribute__((destructor)) static void unload(void)
{
    for (int i = 0; i < 100; i++)
        free(kept[i]);
    free(strdup("last words"));
}

void *plugin_make(size_t size)
{
    return calloc(1, size);
}

void plugin_destroy(void *block)
{
    free(block);
}
