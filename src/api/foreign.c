/* foreign.c - other allocators in the process. A block of libc's (made before us, or by code that does
 * not see us) lies in the program break's heap: it is handed to libc. Anything else that is not ours is
 * reported. In a program with a malloc of its own we are inert: see foreign_is_in_charge. */
#include "front/foreign.h"

#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/api.h"
#include "front/front.h"
#include "front/misuse.h"

/* In the unit tests' build the libc names are not ours; the program is never in charge there. */
#pragma weak hakmem_own_malloc
extern void *hakmem_own_malloc(size_t size) HIDDEN;

void *foreign_function(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

bool foreign_is_in_charge(void)
{
    void *(*volatile seen)(size_t) = malloc; /* through the GOT: whichever the program binds to */
    return hakmem_own_malloc && seen != hakmem_own_malloc;
}

void *foreign_malloc(size_t size)
{
    return malloc(size);
}

void *foreign_aligned(size_t align, size_t size)
{
    return aligned_alloc(align, size);
}

/* Whether libc's malloc may have made p: it lies, aligned, below the program break, which HAKMEM never
 * moves, and above the program's own data. */
static bool is_in_break_heap(const void *p)
{
    extern char end __attribute__((weak)); /* the end of the program's bss */
    uintptr_t address = (uintptr_t)p, bottom = (uintptr_t)&end;
    uintptr_t top = (uintptr_t)sbrk(0);
    return address % BLOCK_ALIGN == 0 && address < top && address >= bottom && top - address < (size_t)1 << 46 &&
           bottom != 0;
}

void foreign_free(void *p)
{
    if (foreign_is_in_charge()) {
        free(p);
        return;
    }
    void (*next)(void *) = is_in_break_heap(p) ? (void (*)(void *))foreign_function("free") : NULL;
    if (!next)
        misuse_foreign(p);
    next(p);
}

void *foreign_realloc(void *p, size_t size)
{
    if (foreign_is_in_charge())
        return realloc(p, size);
    void *(*next)(void *, size_t) =
        is_in_break_heap(p) ? (void *(*)(void *, size_t))foreign_function("realloc") : NULL;
    if (!next)
        misuse_foreign(p);
    return next(p, size);
}

size_t foreign_usable_size(const void *p)
{
    if (foreign_is_in_charge() || !is_in_break_heap(p))
        return 0;
    size_t (*next)(void *) = (size_t(*)(void *))foreign_function("malloc_usable_size");
    return next ? next((void *)(uintptr_t)p) : 0;
}
