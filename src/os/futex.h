/* futex.h - sleeping on a word of memory until it changes, or for a while. Private to the process. */
#ifndef HAKMEM_OS_FUTEX_H
#define HAKMEM_OS_FUTEX_H

#include <stdatomic.h>
#include <time.h>

#include "os/syscall.h"

/* As in linux/futex.h, which musl's tools come without. */
enum { FUTEX_WAIT_PRIVATE = 128, FUTEX_WAKE_PRIVATE = 129 };

/* Sleeps while the word is `value`, or until somebody wakes it; may return early. */
static inline void futex_sleep(_Atomic uint32_t *word, uint32_t value)
{
    syscall_raw(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, (long)value, 0, 0, 0);
}

/* The same, for `ms` milliseconds at most. */
static inline void futex_sleep_ms(_Atomic uint32_t *word, uint32_t value, uint64_t ms)
{
    struct timespec time = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    syscall_raw(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, (long)value, (long)&time, 0, 0);
}

/* Sleeps where nobody wakes it. */
static inline void futex_pause_ms(uint64_t ms)
{
    _Atomic uint32_t word = 0;
    futex_sleep_ms(&word, 0, ms);
}

/* Wakes one sleeper. */
static inline void futex_wake(_Atomic uint32_t *word)
{
    syscall_raw(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}

#endif
