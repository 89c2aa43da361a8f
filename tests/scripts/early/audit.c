/* An audit library: the loader brings it, and a libc for it, before the program and its libraries. */
#include <link.h>
#include <stdlib.h>
#include <string.h>

static char *names[256];
static unsigned count;

unsigned la_version(unsigned version)
{
    free(NULL);
    free(calloc(10, 100));
    return version;
}

unsigned la_objopen(struct link_map *map, Lmid_t namespace, uintptr_t *cookie)
{
    (void)namespace, (void)cookie;
    if (count < 256)
        names[count++] = strdup(map->l_name);
    return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}

void la_preinit(uintptr_t *cookie)
{
    (void)cookie;
    for (unsigned i = 0; i < count; i++)
        free(names[i]);
    for (size_t size = 1; size < 3000000; size *= 3)
        free(malloc(size));
}
