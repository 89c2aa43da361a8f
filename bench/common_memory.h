/* common_memory.h - how much of this process is resident, and how the memory programs say it.
 *
 * Programs that measure memory take a reading once their own arrays are there, and print all others
 * relative to it. Their result lines are read by `hakmem bench --memory`:
 *
 *     Peak = 421888 KiB            the most that was resident while blocks lived
 *     After free = 421632 KiB      once the blocks were freed; only of programs that free and wait,
 *     After idle = 20480 KiB       and after the wait
 */
#ifndef HAKMEM_BENCH_COMMON_MEMORY_H
#define HAKMEM_BENCH_COMMON_MEMORY_H

#include <stddef.h>
#include <stdint.h>

/* Resident bytes, counted by the kernel page by page. It takes about a millisecond for 100 MiB. */
uint64_t bench_rss_bytes(void);

/* The same from the kernel's running count, in microseconds; may be some dozen pages off. */
uint64_t bench_rss_quick_bytes(void);

/* What is above `baseline`, 0 when nothing is. */
static inline uint64_t bench_rss_above(uint64_t reading, uint64_t baseline)
{
    return reading > baseline ? reading - baseline : 0;
}

/* One result line, "LABEL = N KiB". */
void bench_print_memory(const char *label, uint64_t bytes);

/* Writes to a block so that every page of it is resident, and both its ends. NULL ends the program. */
void *bench_fill(void *block, size_t size);

/* Sleeps without a call of malloc or free, however often signals wake it. */
void bench_sleep_ms(uint64_t milliseconds);

#endif
