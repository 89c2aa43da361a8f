#include "os/limits.h"

#include <sched.h>
#include <string.h>

#include "base/bits.h"
#include "base/log.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/lock.h"
#include "os/syscall.h"
#include "os/vm.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

enum {
    PATH_BYTES = 512,
    TEXT_BYTES = 2048, /* of memory.stat what is looked for lies in the first kilobyte */
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

/* ---- where the kernel's files are */

static const char *test_root = "";

void limits_test_root(const char *root)
{
    test_root = HAKMEM_TESTING ? root : "";
    atomic_store(&limits.next_ms, 0);
    atomic_store(&limits.processors, 0);
}

/* What is read, in pages of its own meanwhile: the stack of a thread that allocates may be small. */
struct reading {
    char directory[PATH_BYTES]; /* of the cgroup that is looked at */
    char path[2 * PATH_BYTES];
    char text[TEXT_BYTES];
};

static size_t reading_bytes(void)
{
    return align_up(sizeof(struct reading), vm_page_bytes());
}

static struct reading *reading_begin(void)
{
    return (struct reading *)vm_map(reading_bytes());
}

static void reading_end(struct reading *reading)
{
    vm_unmap((uintptr_t)reading, reading_bytes());
}

/* A file's text; in a test the file lies below its root. */
static bool read_text(struct reading *reading, const char *directory, const char *file)
{
    log_format(reading->path, sizeof reading->path, "%s%s/%s", test_root, directory, file);
    return file_read(reading->path, reading->text, sizeof reading->text) >= 0;
}

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

/* Of the cgroup's directory. */
static uint64_t read_number(struct reading *reading, const char *file)
{
    return read_text(reading, reading->directory, file) ? number_of(reading->text) : UINT64_MAX;
}

/* ---- the cgroup and those above it */

/* The process's directory, from the line "0::/path" of /proc/self/cgroup; false: no cgroup v2. */
static bool find_cgroup(struct reading *reading)
{
    char *directory = reading->directory;
    const char *text = reading->text;
    if (!read_text(reading, "/proc/self", "cgroup"))
        return false;
    const char *other = strstr(text, "\n0::/");
    const char *line = strncmp(text, "0::/", 4) == 0 ? text : other ? other + 1 : NULL;
    if (!line)
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

static uint64_t number_behind(const char *text, const char *key)
{
    const char *found = strstr(text, key);
    uint64_t number = found ? number_of(found + strlen(key)) : UINT64_MAX;
    return number == UINT64_MAX ? 0 : number;
}

/* Memory that is used, but for the cache of files: the kernel takes that before it kills, and it fills any
 * limit in time. */
static uint64_t used_bytes(struct reading *reading)
{
    uint64_t used = read_number(reading, "memory.current");
    if (used == UINT64_MAX || !read_text(reading, reading->directory, "memory.stat"))
        return used;
    uint64_t files = number_behind(reading->text, "\ninactive_file ") +
                     number_behind(reading->text, "\nactive_file ");
    return size_minus(used, files);
}

static void read_level(struct reading *reading, struct limits_memory *tightest, struct limits_memory *deadly)
{
    uint64_t max = read_number(reading, "memory.max"), high = read_number(reading, "memory.high");
    if (max == UINT64_MAX && high == UINT64_MAX)
        return;
    uint64_t used = used_bytes(reading);
    struct limits_memory level = {used, max < high ? max : high}, kill = {used, max};
    if (used != UINT64_MAX && percent(&level) >= percent(tightest))
        *tightest = level;
    if (used != UINT64_MAX && max != UINT64_MAX && percent(&kill) >= percent(deadly))
        *deadly = kill;
}

/* "some avg10=1.23 …": hundredths of the last 10 s in which some thread waited for memory. */
static unsigned read_pressure(struct reading *reading, bool has_cgroup)
{
    if (!(has_cgroup && read_text(reading, reading->directory, "memory.pressure")) &&
        !read_text(reading, "/proc/pressure", "memory"))
        return 0;
    const char *average = strstr(reading->text, "avg10=");
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
    struct limits_memory tightest = {0, 0}, deadly = {0, 0};
    struct reading *reading = reading_begin();
    if (!reading)
        return;
    bool has_cgroup = find_cgroup(reading);
    unsigned pressure = read_pressure(reading, has_cgroup);
    for (int level = 0; has_cgroup && level < LEVELS_MAX; level++) {
        read_level(reading, &tightest, &deadly);
        if (!to_parent(reading->directory))
            break;
    }
    reading_end(reading);
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

/* ---- what is resident */

/* statm: "size resident shared …", in pages. */
size_t limits_resident_bytes(void)
{
    char path[PATH_BYTES], text[128];
    log_format(path, sizeof path, "%s/proc/self/statm", test_root);
    const char *resident = file_read(path, text, sizeof text) > 0 ? strchr(text, ' ') : NULL;
    const char *shared = resident ? strchr(resident + 1, ' ') : NULL;
    return shared ? size_minus(number_of(resident + 1), number_of(shared + 1)) * vm_page_bytes() : 0;
}

/* ---- processors */

static unsigned affinity(struct reading *reading)
{
    uint64_t *mask = (uint64_t *)(void *)reading->text;
    unsigned processors = 0;
    long bytes = syscall_raw(SYS_sched_getaffinity, 0, TEXT_BYTES, (long)mask, 0, 0, 0);
    for (long i = 0; i < bytes / (long)sizeof *mask; i++)
        processors += bit_count(mask[i]);
    return processors ? processors : 1;
}

/* cpu.max is "quota period" in microseconds, or "max period". */
static unsigned quota(struct reading *reading)
{
    if (!read_text(reading, reading->directory, "cpu.max"))
        return UINT32_MAX;
    const char *second = strchr(reading->text, ' ');
    uint64_t allowed = number_of(reading->text), period = second ? number_of(second + 1) : 0;
    if (allowed == UINT64_MAX || period == 0 || period == UINT64_MAX)
        return UINT32_MAX;
    return (unsigned)size_max(1, (allowed + period - 1) / period);
}

static unsigned count_processors(struct reading *reading)
{
    unsigned processors = affinity(reading);
    if (find_cgroup(reading))
        do
            processors = (unsigned)size_min(processors, quota(reading));
        while (to_parent(reading->directory));
    return processors;
}

unsigned limits_processors(void)
{
    unsigned processors = atomic_load_explicit(&limits.processors, memory_order_relaxed);
    struct reading *reading;
    if (processors)
        return processors;
    if (!(reading = reading_begin()))
        return 1;
    processors = count_processors(reading);
    reading_end(reading);
    atomic_store_explicit(&limits.processors, processors, memory_order_relaxed);
    return processors;
}
