/* sample.c - /proc/PID/statm, children and maps.
 *
 * statm costs the process nothing: smaps_rollup would be exact to the page, but walks its page
 * tables under a lock that its own mmap takes.
 */
#define _GNU_SOURCE 1

#include "sample.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH_MOST = 8, PROC_TEXT_BYTES = 4096 };

/* The start of a /proc file, as text; false when it cannot be read or is empty. */
static bool proc_read(pid_t process, const char *file, char text[PROC_TEXT_BYTES])
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t length = read(fd, text, PROC_TEXT_BYTES - 1);
    close(fd);
    text[length > 0 ? length : 0] = '\0';
    return length > 0;
}

double sample_rss_bytes(pid_t process)
{
    char text[PROC_TEXT_BYTES];
    unsigned long size_pages, resident_pages;
    if (!proc_read(process, "statm", text) || sscanf(text, "%lu %lu", &size_pages, &resident_pages) != 2)
        return 0;
    return (double)resident_pages * (double)sysconf(_SC_PAGESIZE);
}

static double tree_rss_bytes(pid_t process, int depth)
{
    char file[64], text[PROC_TEXT_BYTES];
    double sum = sample_rss_bytes(process);
    snprintf(file, sizeof file, "task/%d/children", (int)process);
    if (depth >= DEPTH_MOST || !proc_read(process, file, text))
        return sum;
    char *rest = text, *end;
    for (long child = strtol(rest, &end, 10); end != rest; child = strtol(rest, &end, 10)) {
        sum += tree_rss_bytes((pid_t)child, depth + 1);
        rest = end;
    }
    return sum;
}

double sample_tree_rss_bytes(pid_t process)
{
    return tree_rss_bytes(process, 0);
}

bool sample_has_library(pid_t process, const char *path)
{
    char name[64], line[PROC_TEXT_BYTES];
    bool found = false;
    snprintf(name, sizeof name, "/proc/%d/maps", (int)process);
    FILE *maps = fopen(name, "re");
    while (maps && !found && fgets(line, sizeof line, maps)) {
        line[strcspn(line, "\n")] = '\0';
        const char *mapped = strchr(line, '/');
        found = mapped && strcmp(mapped, path) == 0;
    }
    if (maps)
        fclose(maps);
    return found;
}
