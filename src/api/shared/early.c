/* early.c - malloc in resolvers of a program's indirect functions (IFUNC).
 *
 * They run while the program is relocated, which the loader does last of all; only behind that it fills
 * thread-local storage, which is zero until then. tls_heap must never be: so an indirect function of our own,
 * which nobody calls, has its resolver run at the end of this library's relocation. What the main thread got
 * meanwhile the registry finds again (registry.c, inherit). Only in libhakmem.so: a static program runs
 * resolvers before it has any thread-local storage. */
#include "heap/registry.h"

static void nothing(void) {}

__attribute__((used)) static void (*open_gate(void))(void)
{
    if (!tls_heap)
        tls_heap = (struct heap *)(uintptr_t)&gate_heap;
    return nothing;
}

static void never_called(void) __attribute__((ifunc("open_gate")));

__attribute__((used)) static void (*const relocated)(void) = never_called;
