/* limits.h - how much memory and how many processors the process may use, as the kernel says now: cgroup
 * v2 (its own and all above it), pressure stall information, affinity. Without them there is no limit.
 * Nothing here needs rights, allocates or sets errno. */
#ifndef HAKMEM_OS_LIMITS_H
#define HAKMEM_OS_LIMITS_H

#include "base/config.h"

/* Memory of the tightest cgroup: the one of which the greatest share is used, the cache of files apart. */
struct limits_memory {
    uint64_t used_bytes, limit_bytes; /* limit 0: there is none */
};

/* Reads anew, at most once a second. */
void limits_read(void) HIDDEN;

/* How hard memory is pressed for, 0 (not) to LIMITS_HASTE_MAX: each step halves the decay. */
enum { LIMITS_HASTE_MAX = 8 };
unsigned limits_haste(void) HIDDEN;

/* Bytes of the process's own pages, not those of files, that are in memory now; 0: not known. */
size_t limits_resident_bytes(void) HIDDEN;

/* Processors that can run the process's threads: the affinity, or the cgroup's quota (cpu.max), rounded
 * up; at least 1. Asked of the kernel once. */
unsigned limits_processors(void) HIDDEN;

/* Called, once each time it comes so far, when the cgroup is nearly full and the kernel is about to kill. */
typedef void limits_alarm(const struct limits_memory *memory);
void limits_set_alarm(limits_alarm *alarm) HIDDEN;

/* Test builds: what is read lies below this directory from now on, and is read anew. */
void limits_test_root(const char *root) HIDDEN;

#endif
