#include "os/stack.h"

#include <sys/auxv.h>
#include <unwind.h>

#include "os/vm.h"

#pragma weak _Unwind_Backtrace
#pragma weak _Unwind_GetIPInfo

enum {
    UNWANTED_FRAMES = 12, /* of ours, before the one asked for */
    LEAST_STACK_BYTES = 64 * 1024,
    MOST_STACK_BYTES = 16 * 1024 * 1024, /* the kernel keeps more free below the first thread's */
};

struct walk {
    struct stack *stack;
    uintptr_t from;
    unsigned passed;
    bool found;
};

static void add(struct stack *stack, uintptr_t address)
{
    if (stack->depth < STACK_FRAMES)
        stack->frames[stack->depth++] = address;
}

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *argument)
{
    struct walk *walk = argument;
    int interrupted = 0;
    uintptr_t address = _Unwind_GetIPInfo(context, &interrupted);
    if (!address)
        return _URC_END_OF_STACK;
    if (address == walk->from && !walk->found) {
        walk->found = true;
        walk->stack->depth = 0;
    }
    add(walk->stack, interrupted ? address : address - 1);
    if (walk->found)
        return walk->stack->depth == STACK_FRAMES ? _URC_END_OF_STACK : _URC_NO_REASON;
    return ++walk->passed == UNWANTED_FRAMES + STACK_FRAMES ? _URC_END_OF_STACK : _URC_NO_REASON;
}

static uintptr_t first_thread; /* its thread pointer */

void stack_start(void)
{
    first_thread = (uintptr_t)__builtin_thread_pointer();
}

/* Above the first thread's stack the kernel puts what it has to tell; above any other's libc has the thread's
 * control block, and between that and another stack below lies a guard. */
static bool is_threads_own(uintptr_t frame)
{
    uintptr_t control = (uintptr_t)__builtin_thread_pointer();
    if (control == first_thread)
        return getauxval(AT_RANDOM) - frame < MOST_STACK_BYTES;
    return control - frame < LEAST_STACK_BYTES ||
           (control - frame < MOST_STACK_BYTES && vm_is_readable(frame, control - frame));
}

NOINLINE void stack_take(struct stack *stack, uintptr_t from, uintptr_t frame)
{
    struct walk walk = {.stack = stack, .from = from};
    stack->depth = 0;
    if (_Unwind_Backtrace && is_threads_own(frame))
        _Unwind_Backtrace(visit, &walk);
    else
        add(stack, from - 1);
}
