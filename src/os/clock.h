/* clock.h - coarse time for decay: milliseconds, a few off, monotonic, no system call. */
#ifndef HAKMEM_OS_CLOCK_H
#define HAKMEM_OS_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_coarse_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC_COARSE, &now) != 0)
        return 0;
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
