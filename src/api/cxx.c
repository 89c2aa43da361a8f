/* cxx.c - operator new and delete of C++, by their mangled names (Itanium ABI, LP64), so that the library
 * needs no C++ runtime. A program that uses them has one: its new-handler and its bad_alloc are found as
 * weak symbols. Exceptions pass through these frames (-fexceptions). */
#include "api/api.h"
#include "base/log.h"
#include "front/front.h"

typedef void (*new_handler)(void);

/* std::get_new_handler() and libstdc++'s std::__throw_bad_alloc(). */
extern new_handler _ZSt15get_new_handlerv(void) __attribute__((weak));
extern void _ZSt17__throw_bad_allocv(void) __attribute__((weak, noreturn));

static COLD void throw_bad_alloc(size_t size)
{
    if (_ZSt17__throw_bad_allocv)
        _ZSt17__throw_bad_allocv();
    log_fatal("operator new: no memory for %zu bytes, and no C++ runtime to throw bad_alloc", size);
}

static new_handler current_handler(void)
{
    return _ZSt15get_new_handlerv ? _ZSt15get_new_handlerv() : NULL;
}

/* As the standard says: call the new-handler and try again, until it gives up or there is none. */
static COLD void *new_slow(size_t align, size_t size)
{
    for (;;) {
        new_handler handler = current_handler();
        if (!handler)
            return NULL;
        handler();
        void *block = front_aligned(align, size);
        if (block)
            return block;
    }
}

static COLD void *new_or_throw(size_t align, size_t size)
{
    void *block = new_slow(align, size);
    if (!block)
        throw_bad_alloc(size);
    return block;
}

/* A handler may throw bad_alloc, which a nothrow operator must catch. C cannot: the C++ runtime's own
 * operator, which calls the throwing one and catches, does it for us. */
static COLD void *new_nothrow(const char *runtime_name, size_t align, size_t size, const void *nothrow)
{
    if (!current_handler())
        return NULL;
    void *runtime = foreign_function(runtime_name);
    if (!runtime)
        return new_slow(align, size);
    return align > 1 ? ((void *(*)(size_t, size_t, const void *))runtime)(size, align, nothrow)
                     : ((void *(*)(size_t, const void *))runtime)(size, nothrow);
}

EXPORT void *_Znwm(size_t size)
{
    void *block = front_malloc_inline(size);
    return likely(block) ? block : new_or_throw(1, size);
}

EXPORT void *_ZnwmRKSt9nothrow_t(size_t size, const void *nothrow)
{
    void *block = front_malloc_inline(size);
    return likely(block) ? block : new_nothrow("_ZnwmRKSt9nothrow_t", 1, size, nothrow);
}

EXPORT void *_ZnwmSt11align_val_t(size_t size, size_t align)
{
    void *block = front_aligned(align, size);
    return likely(block) ? block : new_or_throw(align, size);
}

EXPORT void *_ZnwmSt11align_val_tRKSt9nothrow_t(size_t size, size_t align, const void *nothrow)
{
    void *block = front_aligned(align, size);
    return likely(block) ? block : new_nothrow("_ZnwmSt11align_val_tRKSt9nothrow_t", align, size, nothrow);
}

EXPORT void _ZdlPv(void *p)
{
    front_free_inline(p);
}

EXPORT void _ZdlPvm(void *p, size_t size)
{
    (void)size;
    front_free_inline(p);
}

EXPORT void _ZdlPvSt11align_val_t(void *p, size_t align)
{
    (void)align;
    front_free_inline(p);
}

EXPORT void _ZdlPvmSt11align_val_t(void *p, size_t size, size_t align)
{
    (void)size;
    (void)align;
    front_free_inline(p);
}

EXPORT void _ZdlPvRKSt9nothrow_t(void *p, const void *nothrow)
{
    (void)nothrow;
    front_free_inline(p);
}

EXPORT void _ZdlPvSt11align_val_tRKSt9nothrow_t(void *p, size_t align, const void *nothrow)
{
    (void)align;
    (void)nothrow;
    front_free_inline(p);
}

/* The arrays' operators are the same functions. */
#define SAME_AS(target) EXPORT __attribute__((alias(#target)))

SAME_AS(_Znwm) void *_Znam(size_t size);
SAME_AS(_ZnwmRKSt9nothrow_t) void *_ZnamRKSt9nothrow_t(size_t size, const void *nothrow);
SAME_AS(_ZnwmSt11align_val_t) void *_ZnamSt11align_val_t(size_t size, size_t align);
SAME_AS(_ZnwmSt11align_val_tRKSt9nothrow_t)
void *_ZnamSt11align_val_tRKSt9nothrow_t(size_t size, size_t align, const void *nothrow);
SAME_AS(_ZdlPv) void _ZdaPv(void *p);
SAME_AS(_ZdlPvm) void _ZdaPvm(void *p, size_t size);
SAME_AS(_ZdlPvSt11align_val_t) void _ZdaPvSt11align_val_t(void *p, size_t align);
SAME_AS(_ZdlPvmSt11align_val_t) void _ZdaPvmSt11align_val_t(void *p, size_t size, size_t align);
SAME_AS(_ZdlPvRKSt9nothrow_t) void _ZdaPvRKSt9nothrow_t(void *p, const void *nothrow);
SAME_AS(_ZdlPvSt11align_val_tRKSt9nothrow_t)
void _ZdaPvSt11align_val_tRKSt9nothrow_t(void *p, size_t align, const void *nothrow);
