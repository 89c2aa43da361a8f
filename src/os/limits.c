#include "os/limits.h"

#include <sched.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/lock.h"
#include "os/syscall.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

enum {
    PATH_BYTES = 512,
    TEXT_BYTES = 512,
    REREAD_MS = 1000,
    LEVELS_MAX = 12,
    ALARM_PERCENT = 97, /* of the limit */
    CALM_PERCENT = 90,  /* the next alarm only after it was below */
};

static struct {
    _Atomic uint64_t next_ms;
    _Atomic unsigned haste;
    _Atomic unsigned processors;
    _Atomic bool alarmed;
    limits_alarm *_Atomic alarm;
} limits;

/* ---- text */

/* The number the text begins with; UINT64_MAX for "max", and when there is none. */
static uint64_t number_of(const char *text)
{
    uint64_t number = 0;
    if (*text < '0' || *text > '9')
        return UINT64_MAX;
    for (; *text >= '0' && *text <= '9' && number < UINT64_MAX / 16; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    return number;
}

static bool read_at(const char *directory, const char *file, char *text)
{
    char path[PATH_BYTES + 64];
    log_format(path, sizeof path, "%s/%s", directory, file);
    return file_read(path, text, TEXT_BYTES) >= 0;
}

static uint64_t read_number(const char *directory, const char *file)
{
    char text[TEXT_BYTES];
    return read_at(directory, file, text) ? number_of(text) : UINT64_MAX;
}

/* ---- the cgroup and those above it */

/* The process's directory, from the line "0::/path" of /proc/self/cgroup; false: no cgroup v2. */
static bool find_cgroup(char *directory)
{
    char text[TEXT_BYTES];
    if (file_read("/proc/self/cgroup", text, sizeof text) < 0)
        return false;
    const char *line = strstr(text, "0::/");
    if (!line || (line != text && line[-1] != '\n'))
        return false;
    size_t length = strcspn(line + 3, "\n");
    if (length + sizeof CGROUP_ROOT > PATH_BYTES)
        return false;
    memcpy(directory, CGROUP_ROOT, sizeof CGROUP_ROOT);
    memcpy(directory + sizeof CGROUP_ROOT - 1, line + 3, length);
    directory[sizeof CGROUP_ROOT - 1 + length] = 0;
    return true;
}

/* One level up; false at the root. */
static bool to_parent(char *directory)
{
    char *slash = strrchr(directory, '/');
    if (!slash || slash < directory + sizeof CGROUP_ROOT - 1)
        return false;
    *slash = 0;
    return true;
}

static unsigned percent(const struct limits_memory *memory)
{
    return memory->limit_bytes ? (unsigned)(memory->used_bytes / (memory->limit_bytes / 100 + 1)) : 0;
}

static void read_level(const char *directory, struct limits_memory *tightest, struct limits_memory *deadly)
{
    uint64_t max = read_number(directory, "memory.max"), high = read_number(directory, "memory.high");
    if (max == UINT64_MAX && high == UINT64_MAX)
        return;
    uint64_t used = read_number(directory, "memory.current");
    struct limits_memory level = {used, max < high ? max : high}, kill = {used, max};
    if (used != UINT64_MAX && percent(&level) >= percent(tightest))
        *tightest = level;
    if (used != UINT64_MAX && max != UINT64_MAX && percent(&kill) >= percent(deadly))
        *deadly = kill;
}

/* "some avg10=1.23 …": hundredths of the last 10 s in which some thread waited for memory. */
static unsigned read_pressure(const char *directory, bool has_cgroup)
{
    char text[TEXT_BYTES];
    if (!(has_cgroup && read_at(directory, "memory.pressure", text)) &&
        file_read("/proc/pressure/memory", text, sizeof text) < 0)
        return 0;
    const char *average = strstr(text, "avg10=");
    uint64_t number = average ? number_of(average + 6) : 0;
    return number > 100 ? 0 : (unsigned)number;
}

/* ---- what follows from it */

static unsigned haste_of(unsigned used_percent, unsigned pressure_percent)
{
    unsigned by_use = used_percent >= 95   ? LIMITS_HASTE_MAX
                      : used_percent >= 90 ? 4
                      : used_percent >= 80 ? 2
                                           : 0;
    unsigned by_pressure = pressure_percent >= 40 ? 4 : pressure_percent >= 10 ? 2 : 0;
    return (unsigned)size_max(by_use, by_pressure);
}

static void raise_alarm(const struct limits_memory *deadly)
{
    limits_alarm *alarm = atomic_load(&limits.alarm);
    if (percent(deadly) < CALM_PERCENT)
        atomic_store(&limits.alarmed, false);
    else if (percent(deadly) >= ALARM_PERCENT && alarm && !atomic_exchange(&limits.alarmed, true))
        alarm(deadly);
}

static COLD void read_now(void)
{
    char directory[PATH_BYTES];
    struct limits_memory tightest = {0, 0}, deadly = {0, 0};
    bool has_cgroup = find_cgroup(directory);
    unsigned pressure = read_pressure(directory, has_cgroup);
    for (int level = 0; has_cgroup && level < LEVELS_MAX; level++) {
        read_level(directory, &tightest, &deadly);
        if (!to_parent(directory))
            break;
    }
    atomic_store_explicit(&limits.haste, haste_of(percent(&tightest), pressure), memory_order_relaxed);
    raise_alarm(&deadly);
}

void limits_read(void)
{
    uint64_t now = clock_coarse_ms(), next = atomic_load_explicit(&limits.next_ms, memory_order_relaxed);
    if (now >= next && atomic_compare_exchange_strong(&limits.next_ms, &next, now + REREAD_MS))
        read_now();
}

unsigned limits_haste(void)
{
    return atomic_load_explicit(&limits.haste, memory_order_relaxed);
}

void limits_set_alarm(limits_alarm *alarm)
{
    atomic_store(&limits.alarm, alarm);
}

/* ---- processors */

static unsigned affinity(void)
{
    uint64_t mask[128] = {0};
    unsigned processors = 0;
    long bytes = syscall_raw(SYS_sched_getaffinity, 0, sizeof mask, (long)mask, 0, 0, 0);
    for (long i = 0; i < bytes / (long)sizeof *mask; i++)
        processors += bit_count(mask[i]);
    return processors ? processors : 1;
}

/* cpu.max is "quota period" in microseconds, or "max period". */
static unsigned quota(const char *directory)
{
    char text[TEXT_BYTES];
    if (!read_at(directory, "cpu.max", text))
        return UINT32_MAX;
    const char *second = strchr(text, ' ');
    uint64_t allowed = number_of(text), period = second ? number_of(second + 1) : 0;
    if (allowed == UINT64_MAX || period == 0 || period == UINT64_MAX)
        return UINT32_MAX;
    return (unsigned)size_max(1, (allowed + period - 1) / period);
}

unsigned limits_processors(void)
{
    unsigned processors = atomic_load_explicit(&limits.processors, memory_order_relaxed);
    char directory[PATH_BYTES];
    if (processors)
        return processors;
    processors = affinity();
    if (find_cgroup(directory))
        do
            processors = (unsigned)size_min(processors, quota(directory));
        while (to_parent(directory));
    atomic_store_explicit(&limits.processors, processors, memory_order_relaxed);
    return processors;
}
