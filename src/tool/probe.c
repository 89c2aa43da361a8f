/* probe.c - `hakmem probe-malloc` and its caller.
 *
 * The answer is one line, "FILE<tab>VERSION": the file that malloc resolves to, and the version by
 * whichever function the known allocators export for it.
 */
#define _GNU_SOURCE 1

#include "probe.h"

#include "command.h"
#include "preload.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A function pointer from dlsym, without the cast that ISO C does not know. */
static bool symbol_find(const char *name, void *function)
{
    void *address = dlsym(RTLD_DEFAULT, name);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

static bool version_of_jemalloc(char *version, size_t size)
{
    int (*control)(const char *, void *, size_t *, void *, size_t);
    const char *text;
    size_t length = sizeof text;
    if (!symbol_find("mallctl", &control) || control("version", &text, &length, NULL, 0) != 0)
        return false;
    snprintf(version, size, "%.*s", (int)strcspn(text, "-"), text);
    return true;
}

/* mimalloc packs its version into decimal digits: 2.0.9 is 209, 2.4.1 is 20401. */
static bool version_of_mimalloc(char *version, size_t size)
{
    int (*number_of)(void);
    if (!symbol_find("mi_version", &number_of))
        return false;
    int number = number_of(), digits = number >= 10000 ? 100 : 10;
    snprintf(version, size, "%d.%d.%d", number / (digits * digits), number / digits % digits,
             number % digits);
    return true;
}

static bool version_of_tcmalloc(char *version, size_t size)
{
    const char *(*text_of)(int *, int *, const char **);
    int major, minor;
    const char *patch = "";
    if (!symbol_find("tc_version", &text_of))
        return false;
    text_of(&major, &minor, &patch);
    snprintf(version, size, "%d.%d%s", major, minor, patch ? patch : "");
    return true;
}

static bool version_by_text(const char *symbol, const char *prefix, char *version, size_t size)
{
    const char *(*text_of)(void);
    if (!symbol_find(symbol, &text_of))
        return false;
    snprintf(version, size, "%s%s", prefix, text_of());
    return true;
}

static void version_find(const char *malloc_file, char *version, size_t size)
{
    const char *base = strrchr(malloc_file, '/');
    base = base ? base + 1 : malloc_file;
    if (version_by_text("hakmem_version", "", version, size) || version_of_mimalloc(version, size) ||
        version_of_jemalloc(version, size) || version_of_tcmalloc(version, size))
        return;
    if (strncmp(base, "libc.so", 7) == 0 || strncmp(base, "libc-", 5) == 0)
        version_by_text("gnu_get_libc_version", "glibc ", version, size);
    else if (strncmp(base, "ld-musl-", 8) == 0 || strncmp(base, "libc.musl-", 10) == 0)
        snprintf(version, size, "musl");
}

int command_probe_malloc(int argc, char **argv)
{
    Dl_info where;
    char version[48] = "", file[PATH_MAX];
    void *address = dlsym(RTLD_DEFAULT, "malloc");
    (void)argc;
    (void)argv;
    if (!address || !dladdr(address, &where) || !realpath(where.dli_fname, file))
        return 1;
    version_find(file, version, sizeof version);
    printf("%s\t%s\n", file, version);
    return 0;
}

static __attribute__((noreturn)) void probe_child(const char *library, int output)
{
    int null = open("/dev/null", O_WRONLY);
    preload_set(library);
    if (null >= 0)
        dup2(null, STDERR_FILENO);
    dup2(output, STDOUT_FILENO);
    execl("/proc/self/exe", "hakmem", "probe-malloc", (char *)NULL);
    _exit(127);
}

static bool answer_split(struct probe *probe)
{
    char *tab = strchr(probe->answer, '\t'), *end = strchr(probe->answer, '\n');
    if (!tab || !end)
        return false;
    *tab = *end = '\0';
    probe->file = probe->answer;
    probe->version = tab + 1;
    return true;
}

/* Reads until the other end closes: everything the child says, as far as it fits. */
static size_t read_whole(int fd, char *buffer, size_t size)
{
    size_t used = 0;
    ssize_t got;
    while (used < size && (got = read(fd, buffer + used, size - used)) > 0)
        used += (size_t)got;
    return used;
}

bool probe_malloc(const char *library, struct probe *probe)
{
    int ends[2], status;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    pid_t child = fork();
    if (child == 0)
        probe_child(library, ends[1]);
    close(ends[1]);
    size_t length = child > 0 ? read_whole(ends[0], probe->answer, sizeof probe->answer - 1) : 0;
    close(ends[0]);
    probe->answer[length] = '\0';
    return child > 0 && waitpid(child, &status, 0) == child && status == 0 && answer_split(probe);
}
