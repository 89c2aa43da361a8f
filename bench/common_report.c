/* common_report.c - what a run says of itself: the allocator, the throughput, faults and memory. */
#define _GNU_SOURCE 1

#include "bench.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* NULL unless the process runs under HAKMEM: the programs are not linked to it. */
extern const char *hakmem_version(void) __attribute__((weak));

static const char *malloc_file(void)
{
    Dl_info where;
    void *address = dlsym(RTLD_DEFAULT, "malloc");
    if (!address || !dladdr(address, &where) || !where.dli_fname)
        return NULL;
    return where.dli_fname;
}

/* A path of the C library itself, under the names that glibc and musl give it. */
static bool is_system_malloc(const char *file)
{
    const char *base = strrchr(file, '/');
    base = base ? base + 1 : file;
    return strncmp(base, "libc.so", 7) == 0 || strncmp(base, "libc-", 5) == 0 ||
           strncmp(base, "ld-musl-", 8) == 0 || strncmp(base, "libc.musl-", 10) == 0;
}

void bench_print_allocator(void)
{
    const char *file = malloc_file();
    if (hakmem_version)
        bench_print("Allocator: HAKMEM %s (%s)\n", hakmem_version(), file ? file : "linked in");
    else if (!file || is_system_malloc(file))
        bench_print("Allocator: system malloc (%s)\n", file ? file : "linked in");
    else
        bench_print("Allocator: %s\n", file);
}

void bench_print_throughput(const char *name, const struct bench_parameter *parameters, size_t count,
                            uint64_t operations, uint64_t elapsed_ns)
{
    char list[512];
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof list; i++) {
        int length = snprintf(list + used, sizeof list - used, "%s%s=%llu", used ? " " : "",
                              parameters[i].name, (unsigned long long)parameters[i].value);
        used += length > 0 ? (size_t)length : 0;
    }
    double seconds = (double)(elapsed_ns ? elapsed_ns : 1) / 1e9;
    bench_print("Throughput = %.0f ops/s [%s%s%s] time=%.6fs\n", (double)operations / seconds, name,
                *name && count ? " " : "", count ? list : "", seconds);
}

uint64_t bench_page_faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt;
}

uint64_t bench_proc_kib(const char *path, const char *field)
{
    char text[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    const char *line = strstr(text, field);
    return line ? strtoull(line + strlen(field) + 1, NULL, 10) : 0;
}

/* The kernel's high-water mark of this program. getrusage's would be at least what the parent had
 * resident when it forked. */
uint64_t bench_peak_rss_kib(void)
{
    uint64_t peak = bench_proc_kib("/proc/self/status", "VmHWM");
    if (peak)
        return peak;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_maxrss;
}

void bench_report(const char *name, const struct bench_parameter *parameters, size_t count,
                  uint64_t operations, uint64_t elapsed_ns)
{
    bool quiet = bench_quiet();
    if (!quiet)
        bench_print_allocator();
    bench_print_throughput(name, parameters, count, operations, elapsed_ns);
    if (!quiet)
        bench_print("Page faults: %llu, peak RSS: %llu KiB\n", (unsigned long long)bench_page_faults(),
                    (unsigned long long)bench_peak_rss_kib());
}
