/* alarm.c - a line, and a report if one is asked for, before a cgroup's memory is used up: the kernel's OOM
 * killer leaves neither. */
#include <fcntl.h>
#include <unistd.h>

#include "api/api.h"
#include "base/log.h"
#include "hakmem.h"
#include "os/limits.h"

static size_t mib(uint64_t bytes)
{
    return (size_t)(bytes >> 20);
}

static void say(const struct limits_memory *memory)
{
    struct hakmem_stats s;
    hakmem_stats_read(&s, sizeof s);
    uint64_t free_bytes = s.cached_bytes + s.retained_bytes + s.free_bytes - s.free_away_bytes;
    log_line(
        "the cgroup's memory is nearly used up, %zu of %zu MiB: this process holds %zu MiB in live blocks, "
        "%zu MiB free and resident, %zu MiB of records",
        mib(memory->used_bytes), mib(memory->limit_bytes), mib(s.live_bytes), mib(free_bytes),
        mib(s.metadata_bytes));
}

static void add_to_report(const struct limits_memory *memory)
{
    int fd = open(options_report_file(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        log_line("%s cannot be written: no report", options_report_file());
        return;
    }
    log_to(fd);
    say(memory);
    report_print();
    log_to(STDERR_FILENO);
    close(fd);
}

static void sound(const struct limits_memory *memory)
{
    say(memory);
    if (options_report_file())
        add_to_report(memory);
}

void alarm_init(void)
{
    limits_set_alarm(sound);
}
