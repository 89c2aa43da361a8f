#include "os/stack.h"

#include <unwind.h>

#pragma weak _Unwind_Backtrace
#pragma weak _Unwind_GetIPInfo

enum { UNWANTED_FRAMES = 12 }; /* of ours, before the one asked for */

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

NOINLINE void stack_take(struct stack *stack, uintptr_t from)
{
    struct walk walk = {.stack = stack, .from = from};
    stack->depth = 0;
    if (_Unwind_Backtrace)
        _Unwind_Backtrace(visit, &walk);
    else
        add(stack, from - 1);
}
