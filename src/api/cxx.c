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
static COLD void *new_slow(size_t align, size_t size, unsigned how)
{
    for (;;) {
        new_handler handler = current_handler();
        if (!handler)
            return NULL;
        handler();
        void *block = front_aligned(align, size, how);
        if (block)
            return block;
    }
}

static COLD void *new_or_throw(size_t align, size_t size, unsigned how)
{
    void *block = new_slow(align, size, how);
    if (!block)
        throw_bad_alloc(size);
    return block;
}

/* A handler may throw bad_alloc, which a nothrow operator must catch. C cannot: the C++ runtime's own
 * operator, which calls the throwing one and catches, does it for us. */
static COLD void *new_nothrow(const char *runtime_name, size_t align, size_t size, unsigned how,
                              const void *nothrow)
{
    if (!current_handler())
        return NULL;
    void *runtime = foreign_function(runtime_name);
    if (!runtime)
        return new_slow(align, size, how);
    return align > 1 ? ((void *(*)(size_t, size_t, const void *))runtime)(size, align, nothrow)
                     : ((void *(*)(size_t, const void *))runtime)(size, nothrow);
}

/* A program may replace some operators only. The others are to call these then: the sized forms and those of
 * nothrow the plain one, and those of arrays the ones of objects. Ours are the same function whoever calls
 * them, but a block of the program's operator may begin elsewhere than malloc's. SEEN is the operator as the
 * process binds it, volatile, or a compiler takes the two for one. It is also what is called: a call by name
 * might become one of ours. */
#define OWN(operator) hakmem_own##operator
#define SEEN(operator) seen##operator
#define IS_REPLACED(operator) unlikely(SEEN(operator) != OWN(operator))
#define ARE_REPLACED(NEW, DELETE) (IS_REPLACED(NEW) && IS_REPLACED(DELETE))

/* The C++ runtime's form calls the program's operator, and catches. */
static COLD void *replaced_nothrow(const char *runtime_name, void *(*replaced)(size_t), size_t size,
                                   const void *nothrow)
{
    void *(*runtime)(size_t, const void *) = (void *(*)(size_t, const void *))foreign_function(runtime_name);
    return runtime ? runtime(size, nothrow) : replaced(size);
}

static COLD void *replaced_aligned_nothrow(const char *runtime_name, void *(*replaced)(size_t, size_t),
                                           size_t size, size_t align, const void *nothrow)
{
    void *(*runtime)(size_t, size_t,
                     const void *) = (void *(*)(size_t, size_t, const void *))foreign_function(runtime_name);
    return runtime ? runtime(size, align, nothrow) : replaced(size, align);
}

/* One set for objects, one for arrays: the same but for what checks are told, and that `TO_OBJECTS`, for
 * arrays, says whether the operators of objects of that form are replaced. */
#define OPERATORS(NEW, DELETE, HOW, TO_OBJECTS)                                                              \
    extern void *OWN(NEW##m)(size_t) HIDDEN __attribute__((alias(#NEW "m")));                                \
    extern void *OWN(NEW##mSt11align_val_t)(size_t, size_t) HIDDEN                                           \
        __attribute__((alias(#NEW "mSt11align_val_t")));                                                     \
    extern void OWN(DELETE##Pv)(void *) HIDDEN __attribute__((alias(#DELETE "Pv")));                         \
    extern void OWN(DELETE##PvSt11align_val_t)(void *, size_t) HIDDEN                                        \
        __attribute__((alias(#DELETE "PvSt11align_val_t")));                                                 \
    EXPORT void *NEW##m(size_t size);                                                                        \
    EXPORT void *NEW##mSt11align_val_t(size_t size, size_t align);                                           \
    EXPORT void DELETE##Pv(void *p);                                                                         \
    EXPORT void DELETE##PvSt11align_val_t(void *p, size_t align);                                            \
    static void *(*const volatile SEEN(NEW##m))(size_t) = NEW##m;                                            \
    static void *(*const volatile SEEN(NEW##mSt11align_val_t))(size_t, size_t) = NEW##mSt11align_val_t;      \
    static void (*const volatile SEEN(DELETE##Pv))(void *) = DELETE##Pv;                                     \
    static void (*const volatile SEEN(DELETE##PvSt11align_val_t))(void *,                                    \
                                                                  size_t) = DELETE##PvSt11align_val_t;       \
    EXPORT void *NEW##m(size_t size)                                                                         \
    {                                                                                                        \
        if (TO_OBJECTS(m, Pv))                                                                               \
            return SEEN(_Znwm)(size);                                                                        \
        void *block = front_malloc_as(size, HOW);                                                            \
        return likely(block) ? block : new_or_throw(1, size, HOW);                                           \
    }                                                                                                        \
    EXPORT void *NEW##mRKSt9nothrow_t(size_t size, const void *nothrow)                                      \
    {                                                                                                        \
        if (IS_REPLACED(NEW##m) || TO_OBJECTS(m, Pv))                                                        \
            return replaced_nothrow(#NEW "mRKSt9nothrow_t", NEW##m, size, nothrow);                          \
        void *block = front_malloc_as(size, HOW);                                                            \
        return likely(block) ? block : new_nothrow(#NEW "mRKSt9nothrow_t", 1, size, HOW, nothrow);           \
    }                                                                                                        \
    EXPORT void *NEW##mSt11align_val_t(size_t size, size_t align)                                            \
    {                                                                                                        \
        if (TO_OBJECTS(mSt11align_val_t, PvSt11align_val_t))                                                 \
            return SEEN(_ZnwmSt11align_val_t)(size, align);                                                  \
        void *block = front_aligned(align, size, (HOW) | HOW_ALIGNED);                                       \
        return likely(block) ? block : new_or_throw(align, size, (HOW) | HOW_ALIGNED);                       \
    }                                                                                                        \
    EXPORT void *NEW##mSt11align_val_tRKSt9nothrow_t(size_t size, size_t align, const void *nothrow)         \
    {                                                                                                        \
        if (IS_REPLACED(NEW##mSt11align_val_t) || TO_OBJECTS(mSt11align_val_t, PvSt11align_val_t))           \
            return replaced_aligned_nothrow(#NEW "mSt11align_val_tRKSt9nothrow_t", NEW##mSt11align_val_t,    \
                                            size, align, nothrow);                                           \
        void *block = front_aligned(align, size, (HOW) | HOW_ALIGNED);                                       \
        return likely(block) ? block                                                                         \
                             : new_nothrow(#NEW "mSt11align_val_tRKSt9nothrow_t", align, size,               \
                                           (HOW) | HOW_ALIGNED, nothrow);                                    \
    }                                                                                                        \
    EXPORT void DELETE##Pv(void *p)                                                                          \
    {                                                                                                        \
        if (TO_OBJECTS(m, Pv))                                                                               \
            SEEN(_ZdlPv)(p);                                                                                 \
        else                                                                                                 \
            front_free_as(p, 0, 0, HOW);                                                                     \
    }                                                                                                        \
    EXPORT void DELETE##Pvm(void *p, size_t size)                                                            \
    {                                                                                                        \
        if (IS_REPLACED(DELETE##Pv) || TO_OBJECTS(m, Pv))                                                    \
            SEEN(DELETE##Pv)(p);                                                                             \
        else                                                                                                 \
            front_free_as(p, size, 0, (HOW) | HOW_SIZED);                                                    \
    }                                                                                                        \
    EXPORT void DELETE##PvSt11align_val_t(void *p, size_t align)                                             \
    {                                                                                                        \
        if (TO_OBJECTS(mSt11align_val_t, PvSt11align_val_t))                                                 \
            SEEN(_ZdlPvSt11align_val_t)(p, align);                                                           \
        else                                                                                                 \
            front_free_as(p, 0, align, (HOW) | HOW_ALIGNED);                                                 \
    }                                                                                                        \
    EXPORT void DELETE##PvmSt11align_val_t(void *p, size_t size, size_t align)                               \
    {                                                                                                        \
        if (IS_REPLACED(DELETE##PvSt11align_val_t) || TO_OBJECTS(mSt11align_val_t, PvSt11align_val_t))       \
            SEEN(DELETE##PvSt11align_val_t)(p, align);                                                       \
        else                                                                                                 \
            front_free_as(p, size, align, (HOW) | HOW_SIZED | HOW_ALIGNED);                                  \
    }                                                                                                        \
    EXPORT void DELETE##PvRKSt9nothrow_t(void *p, const void *nothrow)                                       \
    {                                                                                                        \
        (void)nothrow;                                                                                       \
        SEEN(DELETE##Pv)(p);                                                                                 \
    }                                                                                                        \
    EXPORT void DELETE##PvSt11align_val_tRKSt9nothrow_t(void *p, size_t align, const void *nothrow)          \
    {                                                                                                        \
        (void)nothrow;                                                                                       \
        SEEN(DELETE##PvSt11align_val_t)(p, align);                                                           \
    }

#define NEVER(new_form, delete_form) false
#define OBJECTS(new_form, delete_form) (ARE_REPLACED(_Znw##new_form, _Zdl##delete_form))

OPERATORS(_Znw, _Zdl, HOW_NEW, NEVER)
OPERATORS(_Zna, _Zda, HOW_ARRAY, OBJECTS)
