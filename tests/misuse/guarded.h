/* guarded.h - blocks between inaccessible pages, for programs that run with HAKMEM_GUARD_RATE=1: every block
 * is one then, as long as few are live. */
#ifndef GUARDED_H
#define GUARDED_H

#include <dlfcn.h>
#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "misuse.h"

/* What a block's size is rounded up to, where its program has one. */
#define ROUNDED ((SIZE + 15) & ~15)

static inline int is_at_page(uintptr_t address)
{
    return address % (uintptr_t)sysconf(_SC_PAGESIZE) == 0;
}

/* One whose end, rounded up to 16, is the page's: it lies there or at the page's start, at random. */
static inline char *guarded_to_the_right(size_t size)
{
    free(malloc(1));
    for (;;) {
        char *block = malloc(size);
        if (is_at_page(((uintptr_t)block + size + 15) & ~(uintptr_t)15))
            return block;
        free(block);
    }
}

static inline char *guarded_to_the_left(size_t size)
{
    free(malloc(1));
    for (;;) {
        char *block = malloc(size);
        if (is_at_page((uintptr_t)block))
            return block;
        free(block);
    }
}

/* Whether a child that does this is ended by SIGSEGV. */
static inline int segfaults_in_child(void (*act)(void))
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        act();
        _exit(0);
    }
    return waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

/* No function of libc's, which the compiler knows. */
static inline void touch(volatile char *byte)
{
    *byte = *byte == 7 ? 8 : 7;
}

static inline int peek(const volatile char *byte)
{
    return *byte;
}

/* What the C library of this machine, or a C program, may not have. */
#define FUNCTION(name, ...) ((void *(*)(__VA_ARGS__))dlsym(RTLD_DEFAULT, name))

#endif
