/* foreign.c - other allocators in the process. A block of libc's (libc_blocks.h) is handed to libc. Anything
 * else that is not ours is reported. In a program with a malloc of its own we are inert: see
 * foreign_is_in_charge. */
#include "front/foreign.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#include "api/api.h"
#include "api/libc_blocks.h"
#include "front/front.h"
#include "heap/misuse.h"

/* In the unit tests' build the libc names are not ours; the program is never in charge there. */
#pragma weak hakmem_own_malloc
extern void *hakmem_own_malloc(size_t size) HIDDEN;

void *foreign_function(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

/* ---- whose malloc the process has */

enum verdict { UNKNOWN, OURS, FOREIGN };

static _Atomic enum verdict verdict;
static _Atomic uintptr_t prober; /* the thread that is asking, by its thread pointer; 0: none */
static volatile bool answered;   /* [prober] its call arrived at us */

static uintptr_t self(void)
{
    return (uintptr_t)__builtin_thread_pointer();
}

/* An address alone does not tell: in a program that is not position independent and uses malloc's
 * address, that is an entry of its own procedure linkage table. So the malloc that the process sees is
 * called once; if the call arrives here, it is ours. */
static COLD enum verdict probe(void)
{
    uintptr_t none = 0;
    while (!atomic_compare_exchange_weak_explicit(&prober, &none, self(), memory_order_acquire,
                                                  memory_order_relaxed))
        none = 0;
    void *(*volatile ask)(size_t) = malloc; /* or the compiler drops a malloc that is only freed */
    int saved_errno = errno;
    answered = false;
    void *block = ask(CACHE_LINE);
    if (block)
        free(block);
    errno = saved_errno;
    enum verdict found = answered ? OURS : FOREIGN;
    atomic_store_explicit(&verdict, found, memory_order_relaxed);
    atomic_store_explicit(&prober, 0, memory_order_release);
    return found;
}

static bool is_probing(void)
{
    return atomic_load_explicit(&prober, memory_order_relaxed) == self();
}

bool foreign_is_in_charge(void)
{
    void *(*volatile seen)(size_t) = malloc; /* as the process binds it */
    if (!hakmem_own_malloc || seen == hakmem_own_malloc || tls_real)
        return false;
    if (unlikely(is_probing()))
        return answered = true;
    enum verdict known = atomic_load_explicit(&verdict, memory_order_relaxed);
    return (known == UNKNOWN ? probe() : known) == FOREIGN;
}

void *foreign_malloc(size_t size)
{
    return unlikely(is_probing()) ? NULL : malloc(size);
}

void *foreign_aligned(size_t align, size_t size)
{
    return aligned_alloc(align, size);
}

void *foreign_next_aligned(size_t align, size_t size)
{
    void *(*next)(size_t, size_t) = (void *(*)(size_t, size_t))foreign_function("aligned_alloc");
    return next ? next(align, size) : front_no_memory();
}

void foreign_free(void *p)
{
    if (foreign_is_in_charge()) {
        free(p);
        return;
    }
    void (*next)(void *) = libc_made(p) ? (void (*)(void *))foreign_function("free") : NULL;
    if (!next) {
        misuse_foreign("free", p);
        return;
    }
    next(p);
}

void *foreign_realloc(void *p, size_t size)
{
    bool is_theirs = foreign_is_in_charge() || libc_made(p);
    void *(*next)(void *, size_t) = is_theirs ? (void *(*)(void *, size_t))foreign_function("realloc") : NULL;
    if (!next) {
        misuse_foreign("realloc", p);
        errno = EINVAL;
        return NULL;
    }
    return next(p, size);
}

size_t foreign_usable_size(const void *p)
{
    if (foreign_is_in_charge() || !libc_made(p))
        return 0;
    size_t (*next)(void *) = (size_t(*)(void *))foreign_function("malloc_usable_size");
    return next ? next((void *)(uintptr_t)p) : 0;
}
