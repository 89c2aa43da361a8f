/* symbols_none.c - where the command was built without libdw. */
#include "symbols.h"

struct symbols *symbols_open(void)
{
    return NULL;
}

void symbols_close(struct symbols *symbols)
{
    (void)symbols;
}

bool symbols_add(struct symbols *symbols, const char *path, uint64_t offset, struct text *text)
{
    (void)symbols;
    (void)path;
    (void)offset;
    (void)text;
    return false;
}
