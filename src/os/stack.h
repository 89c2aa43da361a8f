/* stack.h - who called: the addresses of the calls that led here. By libgcc's unwinder, which libhakmem.so
 * has its own copy of; a program linked to libhakmem.a has it if something else in it does. It takes no lock
 * (where libc has _dl_find_object, glibc 2.35; else the loader's), allocates nothing, and needs 2 KiB of
 * stack. */
#ifndef HAKMEM_OS_STACK_H
#define HAKMEM_OS_STACK_H

#include "base/config.h"

enum { STACK_FRAMES = 16 };

/* Innermost first. An address lies in the instruction that called, so that looking it up finds its line. */
struct stack {
    unsigned depth;
    uintptr_t frames[STACK_FRAMES];
};

/* Once, in the first thread: which of them it is. */
void stack_start(void) HIDDEN;

/* Takes the stack from the frame that will be returned to at `from`, or was interrupted there; all of it,
 * when there is no such frame; that address alone, when there is no unwinder. `frame`: an address on that
 * stack. If it is not the thread's own stack, but a coroutine's, the address alone too: at the end of such a
 * stack may lie anything, and the unwinder would read what that names, or behind the end. */
void stack_take(struct stack *stack, uintptr_t from, uintptr_t frame) HIDDEN;

#endif
