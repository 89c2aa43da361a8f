/* preload.c - puts libraries into LD_PRELOAD. */
#define _GNU_SOURCE 1

#include "preload.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

bool preload_can_name(const char *library)
{
    return strpbrk(library, ": \t\n") == NULL;
}

void preload_set(const char *library)
{
    if (library)
        setenv("LD_PRELOAD", library, 1);
    else
        unsetenv("LD_PRELOAD");
}

bool preload_add(const char *library)
{
    const char *others = getenv("LD_PRELOAD");
    struct text all = {NULL, 0, 0};
    if (!preload_can_name(library)) {
        message_print("LD_PRELOAD cannot name '%s': it has a space or a colon in it", library);
        return false;
    }
    text_add(&all, "%s", library);
    if (others && *others)
        text_add(&all, ":%s", others);
    preload_set(all.data);
    text_free(&all);
    return true;
}
