/* dlopen.c - dlopen without RTLD_DEEPBIND.
 *
 * A library loaded with that flag looks for malloc and free in the libraries it is linked to before those of
 * the program: it gets libc's, and frees with it what the program allocated with ours (PHP's extensions do,
 * and crash under every allocator that is preloaded). The flag is for libraries that bring their own version
 * of a symbol; without it they are found in the usual order. In a process whose malloc is not ours it stays.
 *
 * libc finds out by the return address which library is calling, and with it where to search and which
 * namespace is meant: so the call must be a jump. Only in libhakmem.so: a program that has the allocator
 * linked in resolves dlopen before this. */
#define _GNU_SOURCE 1
#include <dlfcn.h>

#include "api/api.h"
#include "front/foreign.h"

typedef void *opener(const char *file, int mode);

static opener *_Atomic libcs;

static COLD opener *find_libcs(void)
{
    opener *found = (opener *)foreign_function("dlopen");
    atomic_store_explicit(&libcs, found, memory_order_relaxed);
    return found;
}

#if defined(__clang__)
#define JUMP __attribute__((musttail)) return
#define JUMPS
#else
#define JUMP return
#define JUMPS __attribute__((optimize("O2")))
#endif

EXPORT JUMPS void *dlopen(const char *file, int mode)
{
    opener *open = atomic_load_explicit(&libcs, memory_order_relaxed);
    if (unlikely(!open) && !(open = find_libcs()))
        return NULL;
    if (unlikely(mode & RTLD_DEEPBIND) && !foreign_is_in_charge())
        mode &= ~RTLD_DEEPBIND;
    JUMP open(file, mode);
}
