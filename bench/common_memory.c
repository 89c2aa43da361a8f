/* common_memory.c - readings of /proc/self/smaps_rollup and statm, and the lines that say them. */
#define _GNU_SOURCE 1

#include "common_memory.h"

#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LEAST_PAGE_BYTES = 4096 };

uint64_t bench_rss_quick_bytes(void)
{
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    const char *resident = strchr(text, ' ');
    return resident ? strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

uint64_t bench_rss_bytes(void)
{
    uint64_t exact_kib = bench_proc_kib("/proc/self/smaps_rollup", "Rss:");
    return exact_kib ? exact_kib * 1024 : bench_rss_quick_bytes();
}

void bench_print_memory(const char *label, uint64_t bytes)
{
    bench_print("%s = %llu KiB\n", label, (unsigned long long)(bytes / 1024));
}

void *bench_fill(void *block, size_t size)
{
    volatile char *bytes = bench_touch(block, size);
    for (size_t at = LEAST_PAGE_BYTES; at < size; at += LEAST_PAGE_BYTES)
        bytes[at] = 1;
    return block;
}

void bench_sleep_ms(uint64_t milliseconds)
{
    struct timespec left = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
        ;
}
