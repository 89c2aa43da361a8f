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
    return how & HOW_ALIGNED ? ((void *(*)(size_t, size_t, const void *))runtime)(size, align, nothrow)
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
#define OBJECTS_REPLACED(NEW_FORM, DELETE_FORM)                                                              \
    (IS_REPLACED(_Znw##NEW_FORM) && IS_REPLACED(_Zdl##DELETE_FORM))

#define REPLACEABLE(OPERATOR, RESULT, ...)                                                                   \
    EXPORT RESULT OPERATOR(__VA_ARGS__);                                                                     \
    extern RESULT OWN(OPERATOR)(__VA_ARGS__) HIDDEN __attribute__((alias(#OPERATOR)));                       \
    static RESULT (*const volatile SEEN(OPERATOR))(__VA_ARGS__) = OPERATOR;

REPLACEABLE(_Znwm, void *, size_t)
REPLACEABLE(_Znam, void *, size_t)
REPLACEABLE(_ZnwmSt11align_val_t, void *, size_t, size_t)
REPLACEABLE(_ZnamSt11align_val_t, void *, size_t, size_t)
REPLACEABLE(_ZdlPv, void, void *)
REPLACEABLE(_ZdaPv, void, void *)
REPLACEABLE(_ZdlPvSt11align_val_t, void, void *, size_t)
REPLACEABLE(_ZdaPvSt11align_val_t, void, void *, size_t)

/* The bounds of the hit paths of operators that may have to call another one. Such an operator does not ask
 * there whether it has to: where malloc and free compare with SMALL_MAX_BYTES and region_granules(), it
 * compares with these, and they let nothing through before it is known that every operator is ours. */
static struct {
    _Atomic size_t small_end; /* sizes below it */
    _Atomic size_t granules;  /* granules below it; never above region_granules() */
    _Atomic bool stay_closed; /* some operator is the program's, or its address is in the program */
} bounds;

static COLD bool all_are_ours(void)
{
    return !(IS_REPLACED(_Znwm) || IS_REPLACED(_Znam) || IS_REPLACED(_ZnwmSt11align_val_t) ||
             IS_REPLACED(_ZnamSt11align_val_t) || IS_REPLACED(_ZdlPv) || IS_REPLACED(_ZdaPv) ||
             IS_REPLACED(_ZdlPvSt11align_val_t) || IS_REPLACED(_ZdaPvSt11align_val_t));
}

/* After a miss: opens the hit paths, or tells them of what was mapped since. */
static void move_bounds(void)
{
    size_t granules = region_granules();
    if (region_load(&bounds.granules) == granules ||
        atomic_load_explicit(&bounds.stay_closed, memory_order_relaxed))
        return;
    if (!region_load(&bounds.small_end) && !all_are_ours()) {
        atomic_store_explicit(&bounds.stay_closed, true, memory_order_relaxed);
        return;
    }
    atomic_store_explicit(&bounds.small_end, SMALL_MAX_BYTES + 1, memory_order_relaxed);
    atomic_store_explicit(&bounds.granules, granules, memory_order_relaxed);
}

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

/* What does the rest when a hit path misses is shown as the operator, too, by whatever names functions. */
#define MISSED(OPERATOR) __asm__(#OPERATOR ".missed")

/* ---- those that never call another */

static NOINLINE void *missed_Znwm(size_t size) MISSED(_Znwm);
static void *missed_Znwm(size_t size)
{
    void *block = front_malloc_as(size, HOW_NEW);
    return likely(block) ? block : new_or_throw(1, size, HOW_NEW);
}

EXPORT void *_Znwm(size_t size)
{
    void *block = likely(size <= SMALL_MAX_BYTES) ? front_pop(size) : NULL;
    return likely(block) ? block : missed_Znwm(size);
}

EXPORT void *_ZnwmSt11align_val_t(size_t size, size_t align)
{
    void *block = front_aligned(align, size, HOW_NEW | HOW_ALIGNED);
    return likely(block) ? block : new_or_throw(align, size, HOW_NEW | HOW_ALIGNED);
}

EXPORT void _ZdlPv(void *p)
{
    front_free_as(p, 0, 0, HOW_NEW);
}

EXPORT void _ZdlPvSt11align_val_t(void *p, size_t align)
{
    front_free_as(p, 0, align, HOW_NEW | HOW_ALIGNED);
}

/* ---- those that have to make a CALL when REPLACED says so. MISSING: what is done without memory */

#define NEW_OPERATOR(OPERATOR, PARAMETERS, ARGUMENTS, HOW, REPLACED, CALL, MISSING)                          \
    static NOINLINE void *missed##OPERATOR PARAMETERS MISSED(OPERATOR);                                      \
    static void *missed##OPERATOR PARAMETERS                                                                 \
    {                                                                                                        \
        if (REPLACED)                                                                                        \
            return CALL;                                                                                     \
        move_bounds();                                                                                       \
        void *block = front_malloc_as(size, HOW);                                                            \
        return likely(block) ? block : MISSING;                                                              \
    }                                                                                                        \
    EXPORT void *OPERATOR PARAMETERS                                                                         \
    {                                                                                                        \
        void *block = likely(size < region_load(&bounds.small_end)) ? front_pop(size) : NULL;                \
        return likely(block) ? block : missed##OPERATOR ARGUMENTS;                                           \
    }

#define ALIGNED_NEW_OPERATOR(OPERATOR, PARAMETERS, HOW, REPLACED, CALL, MISSING)                             \
    EXPORT void *OPERATOR PARAMETERS                                                                         \
    {                                                                                                        \
        if (REPLACED)                                                                                        \
            return CALL;                                                                                     \
        void *block = front_aligned(align, size, HOW);                                                       \
        return likely(block) ? block : MISSING;                                                              \
    }

#define DELETE_OPERATOR(OPERATOR, PARAMETERS, ARGUMENTS, SIZE, ALIGN, HOW, REPLACED, CALL)                   \
    static NOINLINE void missed##OPERATOR PARAMETERS MISSED(OPERATOR);                                       \
    static void missed##OPERATOR PARAMETERS                                                                  \
    {                                                                                                        \
        if (REPLACED) {                                                                                      \
            CALL;                                                                                            \
        } else {                                                                                             \
            move_bounds();                                                                                   \
            front_free_as(p, SIZE, ALIGN, HOW);                                                              \
        }                                                                                                    \
    }                                                                                                        \
    EXPORT void OPERATOR PARAMETERS                                                                          \
    {                                                                                                        \
        if (unlikely(!front_free_below(region_load(&bounds.granules), p, SIZE, ALIGN, HOW)))                 \
            missed##OPERATOR ARGUMENTS;                                                                      \
    }

#define SIZE_ONLY (size_t size)
#define NOTHROW (size_t size, const void *nothrow)
#define ALIGNED (size_t size, size_t align)
#define ALIGNED_NOTHROW (size_t size, size_t align, const void *nothrow)

NEW_OPERATOR(_Znam, SIZE_ONLY, (size), HOW_ARRAY, OBJECTS_REPLACED(m, Pv), SEEN(_Znwm)(size),
             new_or_throw(1, size, HOW_ARRAY))
NEW_OPERATOR(_ZnwmRKSt9nothrow_t, NOTHROW, (size, nothrow), HOW_NEW, IS_REPLACED(_Znwm),
             replaced_nothrow("_ZnwmRKSt9nothrow_t", SEEN(_Znwm), size, nothrow),
             new_nothrow("_ZnwmRKSt9nothrow_t", 1, size, HOW_NEW, nothrow))
NEW_OPERATOR(_ZnamRKSt9nothrow_t, NOTHROW, (size, nothrow), HOW_ARRAY,
             IS_REPLACED(_Znam) || OBJECTS_REPLACED(m, Pv),
             replaced_nothrow("_ZnamRKSt9nothrow_t", SEEN(_Znam), size, nothrow),
             new_nothrow("_ZnamRKSt9nothrow_t", 1, size, HOW_ARRAY, nothrow))

#define ALIGNED_REPLACED OBJECTS_REPLACED(mSt11align_val_t, PvSt11align_val_t)

ALIGNED_NEW_OPERATOR(_ZnamSt11align_val_t, ALIGNED, HOW_ARRAY | HOW_ALIGNED, ALIGNED_REPLACED,
                     SEEN(_ZnwmSt11align_val_t)(size, align),
                     new_or_throw(align, size, HOW_ARRAY | HOW_ALIGNED))
ALIGNED_NEW_OPERATOR(_ZnwmSt11align_val_tRKSt9nothrow_t, ALIGNED_NOTHROW, HOW_NEW | HOW_ALIGNED,
                     IS_REPLACED(_ZnwmSt11align_val_t),
                     replaced_aligned_nothrow("_ZnwmSt11align_val_tRKSt9nothrow_t",
                                              SEEN(_ZnwmSt11align_val_t), size, align, nothrow),
                     new_nothrow("_ZnwmSt11align_val_tRKSt9nothrow_t", align, size, HOW_NEW | HOW_ALIGNED,
                                 nothrow))
ALIGNED_NEW_OPERATOR(_ZnamSt11align_val_tRKSt9nothrow_t, ALIGNED_NOTHROW, HOW_ARRAY | HOW_ALIGNED,
                     IS_REPLACED(_ZnamSt11align_val_t) || ALIGNED_REPLACED,
                     replaced_aligned_nothrow("_ZnamSt11align_val_tRKSt9nothrow_t",
                                              SEEN(_ZnamSt11align_val_t), size, align, nothrow),
                     new_nothrow("_ZnamSt11align_val_tRKSt9nothrow_t", align, size, HOW_ARRAY | HOW_ALIGNED,
                                 nothrow))

DELETE_OPERATOR(_ZdaPv, (void *p), (p), 0, 0, HOW_ARRAY, OBJECTS_REPLACED(m, Pv), SEEN(_ZdlPv)(p))
DELETE_OPERATOR(_ZdlPvm, (void *p, size_t size), (p, size), size, 0, HOW_NEW | HOW_SIZED, IS_REPLACED(_ZdlPv),
                SEEN(_ZdlPv)(p))
DELETE_OPERATOR(_ZdaPvm, (void *p, size_t size), (p, size), size, 0, HOW_ARRAY | HOW_SIZED,
                IS_REPLACED(_ZdaPv) || OBJECTS_REPLACED(m, Pv), SEEN(_ZdaPv)(p))
DELETE_OPERATOR(_ZdaPvSt11align_val_t, (void *p, size_t align), (p, align), 0, align, HOW_ARRAY | HOW_ALIGNED,
                ALIGNED_REPLACED, SEEN(_ZdlPvSt11align_val_t)(p, align))
DELETE_OPERATOR(_ZdlPvmSt11align_val_t, (void *p, size_t size, size_t align), (p, size, align), size, align,
                HOW_NEW | HOW_SIZED | HOW_ALIGNED, IS_REPLACED(_ZdlPvSt11align_val_t),
                SEEN(_ZdlPvSt11align_val_t)(p, align))
DELETE_OPERATOR(_ZdaPvmSt11align_val_t, (void *p, size_t size, size_t align), (p, size, align), size, align,
                HOW_ARRAY | HOW_SIZED | HOW_ALIGNED, IS_REPLACED(_ZdaPvSt11align_val_t) || ALIGNED_REPLACED,
                SEEN(_ZdaPvSt11align_val_t)(p, align))

/* A delete of nothrow is the plain one. */
#define NOTHROW_DELETE_OPERATOR(OPERATOR, PARAMETERS, CALL)                                                  \
    EXPORT void OPERATOR PARAMETERS                                                                          \
    {                                                                                                        \
        (void)nothrow;                                                                                       \
        CALL;                                                                                                \
    }

NOTHROW_DELETE_OPERATOR(_ZdlPvRKSt9nothrow_t, (void *p, const void *nothrow), SEEN(_ZdlPv)(p))
NOTHROW_DELETE_OPERATOR(_ZdaPvRKSt9nothrow_t, (void *p, const void *nothrow), SEEN(_ZdaPv)(p))
NOTHROW_DELETE_OPERATOR(_ZdlPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t align, const void *nothrow),
                        SEEN(_ZdlPvSt11align_val_t)(p, align))
NOTHROW_DELETE_OPERATOR(_ZdaPvSt11align_val_tRKSt9nothrow_t, (void *p, size_t align, const void *nothrow),
                        SEEN(_ZdaPvSt11align_val_t)(p, align))
