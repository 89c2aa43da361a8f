/* libc.c - the names of libc: every one that makes, takes or asks about a block, since what is missing
 * here would be served by libc with our pointers. Helpers call the malloc and realloc that the program
 * sees, so that in a program with an allocator of its own nothing of ours gets in between. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/bits.h"
#include "front/foreign.h"
#include "front/front.h"
#include "hakmem.h"
#include "os/vm.h"

#pragma GCC diagnostic ignored "-Wmissing-attributes"

#define ALIAS(target) EXPORT __attribute__((alias(#target)))

/* ---- the hot four */

EXPORT void *malloc(size_t size)
{
    return front_malloc_inline(size);
}

EXPORT void free(void *p)
{
    front_free_inline(p);
}

EXPORT void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (unlikely(__builtin_mul_overflow(count, size, &bytes)))
        return front_no_memory();
    return front_calloc(bytes);
}

EXPORT void *realloc(void *p, size_t size)
{
    return front_realloc(p, size);
}

/* What foreign_is_in_charge compares the program's malloc with. */
extern void *hakmem_own_malloc(size_t size) HIDDEN __attribute__((alias("malloc")));

EXPORT void *reallocarray(void *p, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return front_no_memory();
    return realloc(p, bytes);
}

/* C23: the size is a promise that free does not need. */
EXPORT void free_sized(void *p, size_t size)
{
    front_free_as(p, size, 0, HOW_MALLOC | HOW_SIZED);
}

EXPORT void free_aligned_sized(void *p, size_t align, size_t size)
{
    front_free_as(p, size, align, HOW_MALLOC | HOW_SIZED | HOW_ALIGNED);
}

/* ---- alignment */

static void *aligned(size_t align, size_t size)
{
    if (unlikely(!tls_real) && foreign_is_in_charge())
        return foreign_next_aligned(align, size);
    return front_aligned(align, size, HOW_MALLOC | HOW_ALIGNED);
}

/* As glibc: an alignment that is not a power of two is rounded up to one; EINVAL when there is none. */
EXPORT void *memalign(size_t align, size_t size)
{
    if (unlikely(align > SIZE_MAX / 2 + 1)) {
        errno = EINVAL;
        return NULL;
    }
    if (unlikely(!is_power_of_two(align)))
        align = align < 2 ? 1 : (size_t)2 << bit_highest(align - 1);
    return aligned(align, size);
}

EXPORT void *aligned_alloc(size_t align, size_t size)
{
    return memalign(align, size);
}

EXPORT int posix_memalign(void **result, size_t align, size_t size)
{
    if (align % sizeof(void *) != 0 || !is_power_of_two(align))
        return EINVAL;
    int saved_errno = errno;
    void *block = aligned(align, size);
    errno = saved_errno;
    if (!block)
        return ENOMEM;
    *result = block;
    return 0;
}

EXPORT void *valloc(size_t size)
{
    return aligned(vm_page_bytes(), size);
}

EXPORT void *pvalloc(size_t size)
{
    size_t page = vm_page_bytes();
    if (size > PAYLOAD_MAX)
        return front_no_memory();
    return aligned(page, align_up(size_max(size, 1), page));
}

/* ---- questions */

EXPORT size_t malloc_usable_size(void *p)
{
    return front_usable_size("malloc_usable_size", p);
}

EXPORT int malloc_trim(size_t pad)
{
    (void)pad;
    return hakmem_trim() > 0;
}

/* glibc's parameters mean nothing here; saying no would make programs give up. */
EXPORT int mallopt(int parameter, int value)
{
    (void)parameter;
    (void)value;
    return 1;
}

EXPORT void malloc_stats(void)
{
    report_print();
}

#ifdef __GLIBC__ /* others have no such structs, and no callers */
EXPORT struct mallinfo2 mallinfo2(void)
{
    struct hakmem_stats stats;
    hakmem_stats_read(&stats, sizeof stats);
    return (struct mallinfo2){
        .arena = stats.mapped_bytes,
        .ordblks = stats.superslabs - stats.superslabs_in_use,
        .uordblks = stats.live_bytes,
        .fordblks = stats.mapped_bytes - stats.live_bytes,
        .keepcost = stats.retained_bytes,
    };
}

static int saturated(size_t n)
{
    return n > INT32_MAX ? INT32_MAX : (int)n;
}

EXPORT struct mallinfo mallinfo(void)
{
    struct mallinfo2 wide = mallinfo2();
    return (struct mallinfo){
        .arena = saturated(wide.arena),
        .ordblks = saturated(wide.ordblks),
        .uordblks = saturated(wide.uordblks),
        .fordblks = saturated(wide.fordblks),
        .keepcost = saturated(wide.keepcost),
    };
}
#endif

/* ---- other names of the same */

ALIAS(free) void cfree(void *p);
ALIAS(malloc) void *__libc_malloc(size_t size);
ALIAS(free) void __libc_free(void *p);
ALIAS(free) void __libc_cfree(void *p);
ALIAS(calloc) void *__libc_calloc(size_t count, size_t size);
ALIAS(realloc) void *__libc_realloc(void *p, size_t size);
ALIAS(memalign) void *__libc_memalign(size_t align, size_t size);
ALIAS(valloc) void *__libc_valloc(size_t size);
ALIAS(pvalloc) void *__libc_pvalloc(size_t size);
ALIAS(posix_memalign) int __posix_memalign(void **result, size_t align, size_t size);
