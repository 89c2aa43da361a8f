/* staged.h - programs that bring their memory into one known state, for `hakmem explain` to judge.
 *
 * Each prints "ready" when it is there and stays so until it is killed. SIGUSR1 has it call
 * hakmem_trim() and print "trimmed". */
#ifndef STAGED_STAGED_H
#define STAGED_STAGED_H

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t staged_trim_asked;

static inline void staged_note_signal(int number)
{
    (void)number;
    staged_trim_asked = 1;
}

/* A block whose every page is touched. */
static inline void *staged_block(size_t size)
{
    char *block = malloc(size);
    if (!block) {
        fputs("no memory\n", stderr);
        exit(1);
    }
    return memset(block, 0x5a, size);
}

static inline void staged_pause_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* What the state is may be kept up by `step`, called all the time; NULL: it stays by itself. */
static inline void staged_ready(void (*step)(void))
{
    size_t (*trim)(void) = (size_t(*)(void))(uintptr_t)dlsym(RTLD_DEFAULT, "hakmem_trim");
    signal(SIGUSR1, staged_note_signal);
    puts("ready");
    fflush(stdout);
    for (;;) {
        if (step)
            step();
        else
            staged_pause_ms(20);
        if (!staged_trim_asked)
            continue;
        staged_trim_asked = 0;
        printf("trimmed %zu\n", trim ? trim() : 0);
        fflush(stdout);
        staged_pause_ms(2000);
    }
}

#endif
