/* doctor_limits.c - limits of the process, and of the cgroup that it is in and those above. */
#include "doctor.h"

#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NEAR_PERCENT = 90, PATH_MOST_BYTES = 2048 };

static double percent(unsigned long long used, unsigned long long limit)
{
    return limit ? 100.0 * (double)used / (double)limit : 0;
}

/* ---- the process */

/* The soft limit on a line of /proc/PID/limits; false: none, or unlimited. */
static bool limit_of(const char *limits, const char *label, unsigned long long *limit)
{
    return text_number(limits, label, limit);
}

static void check_size_limit(const char *limits, const char *status, const char *label, const char *usage,
                             const char *name, struct findings *findings)
{
    unsigned long long limit, used_kib = 0;
    char limit_text[NUMBER_BYTES], used_text[NUMBER_BYTES];
    if (!limit_of(limits, label, &limit))
        return;
    text_number(status, usage, &used_kib);
    bool near = percent(used_kib * 1024, limit) >= NEAR_PERCENT;
    finding_add(findings, near ? FINDING_PROBLEM : FINDING_NOTE, "limits",
                "%s is limited to %s, and %s are in use%s", name, number_bytes((double)limit, limit_text),
                number_bytes((double)used_kib * 1024, used_text),
                near ? ": malloc will fail soon; raise the limit" : "");
}

static void check_map_count(const struct target *target, struct findings *findings)
{
    unsigned long long most;
    char *text = target_file(target, NULL, "/proc/sys/vm/max_map_count");
    if (text && text_number(text, "", &most)) {
        double used = percent(target->mapping_count, most);
        if (used >= 80)
            finding_add(findings, FINDING_PROBLEM, "mappings",
                        "%zu of %llu mappings are in use: mmap will fail when they are used up; raise "
                        "vm.max_map_count",
                        target->mapping_count, most);
        else
            finding_add(findings, FINDING_OK, "mappings", "%zu mappings of at most %llu",
                        target->mapping_count, most);
    }
    free(text);
}

void check_limits(const struct target *target, struct findings *findings)
{
    char *limits = target_file(target, NULL, "/proc/%d/limits", target->pid);
    char *status = target_file(target, NULL, "/proc/%d/status", target->pid);
    unsigned long long locked_kib;
    size_t before = findings->count;
    if (limits && status) {
        check_size_limit(limits, status, "Max address space", "VmSize", "address space (ulimit -v)",
                         findings);
        check_size_limit(limits, status, "Max data size", "VmData", "data (ulimit -d)", findings);
        if (text_number(status, "VmLck", &locked_kib) && locked_kib >= 64 * 1024)
            finding_add(findings, FINDING_NOTE, "limits",
                        "%llu MiB are locked (mlock, mlockall): locked memory cannot be given back",
                        locked_kib / 1024);
        if (findings->count == before)
            finding_add(findings, FINDING_OK, "limits", "address space and data are not limited");
    }
    free(limits);
    free(status);
    check_map_count(target, findings);
}

/* ---- the cgroup */

/* A file of a directory under /sys/fs/cgroup; its first number, false when it has none ("max"). */
static bool cgroup_number(const struct target *target, const char *directory, const char *file,
                          unsigned long long *number)
{
    char *text = target_file(target, NULL, "/sys/fs/cgroup%s/%s", directory, file);
    bool is_number = text && text_number(text, "", number);
    free(text);
    return is_number;
}

static void check_memory_max(const struct target *target, const char *directory, struct findings *findings)
{
    unsigned long long most, used = 0;
    char most_text[NUMBER_BYTES], used_text[NUMBER_BYTES];
    if (!cgroup_number(target, directory, "memory.max", &most))
        return;
    cgroup_number(target, directory, "memory.current", &used);
    bool near = percent(used, most) >= NEAR_PERCENT;
    finding_add(findings, near ? FINDING_PROBLEM : FINDING_OK, "cgroup",
                "%s: %s of %s are in use (memory.max)%s", directory, number_bytes((double)used, used_text),
                number_bytes((double)most, most_text),
                near ? ": the kernel kills when it is full; raise the limit, or see 'hakmem explain'" : "");
}

static void check_memory_high(const struct target *target, const char *directory, struct findings *findings)
{
    unsigned long long high, used;
    char high_text[NUMBER_BYTES], used_text[NUMBER_BYTES];
    if (!cgroup_number(target, directory, "memory.high", &high) ||
        !cgroup_number(target, directory, "memory.current", &used))
        return;
    bool over = used >= high, near = percent(used, high) >= NEAR_PERCENT;
    finding_add(findings,
                over   ? FINDING_PROBLEM
                : near ? FINDING_NOTE
                       : FINDING_OK,
                "cgroup", "%s: %s of %s are in use (memory.high)%s", directory,
                number_bytes((double)used, used_text), number_bytes((double)high, high_text),
                over || near ? ": above it the kernel slows the program down; raise the limit, or see "
                               "'hakmem explain'"
                             : "");
}

static void check_memory_events(const struct target *target, const char *directory, struct findings *findings)
{
    unsigned long long kills;
    char *text = target_file(target, NULL, "/sys/fs/cgroup%s/memory.events", directory);
    if (text && text_number(text, "oom_kill ", &kills) && kills)
        finding_add(findings, FINDING_NOTE, "cgroup",
                    "%s: the kernel has killed %llu process%s for want of memory", directory, kills,
                    kills == 1 ? "" : "es");
    free(text);
}

static void check_cpu(const struct target *target, const char *directory, struct findings *findings)
{
    unsigned long long quota, period, throttled = 0;
    char *text = target_file(target, NULL, "/sys/fs/cgroup%s/cpu.max", directory);
    char *stat = target_file(target, NULL, "/sys/fs/cgroup%s/cpu.stat", directory);
    if (text && sscanf(text, "%llu %llu", &quota, &period) == 2 && period) {
        if (stat)
            text_number(stat, "nr_throttled ", &throttled);
        finding_add(findings, quota < period ? FINDING_NOTE : FINDING_OK, "cgroup",
                    "%s: %.2f processors (cpu.max), throttled %llu times", directory,
                    (double)quota / (double)period, throttled);
    }
    free(text);
    free(stat);
}

/* Its directory below /sys/fs/cgroup, of version 2: "0::/path". */
static bool cgroup_directory(const struct target *target, char directory[PATH_MOST_BYTES])
{
    char *text = target_file(target, NULL, "/proc/%d/cgroup", target->pid);
    const char *line = text ? strstr(text, "0::/") : NULL;
    bool found = line && (line == text || line[-1] == '\n');
    if (found)
        snprintf(directory, PATH_MOST_BYTES, "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
    free(text);
    return found;
}

/* To the directory above; to "" from the highest. */
static void go_up(char *directory)
{
    char *slash = strrchr(directory, '/');
    if (slash == directory && slash[1])
        slash[1] = '\0';
    else
        *slash = '\0';
}

void check_cgroup(const struct target *target, struct findings *findings)
{
    char directory[PATH_MOST_BYTES];
    size_t before = findings->count;
    if (!cgroup_directory(target, directory)) {
        finding_add(findings, FINDING_NOTE, "cgroup",
                    "there is no cgroup of version 2: limits were not looked at");
        return;
    }
    while (*directory) {
        check_memory_max(target, directory, findings);
        check_memory_high(target, directory, findings);
        check_memory_events(target, directory, findings);
        check_cpu(target, directory, findings);
        go_up(directory);
    }
    if (findings->count == before)
        finding_add(findings, FINDING_OK, "cgroup", "no limit of memory or processors");
}
