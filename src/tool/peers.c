/* peers.c - looks for other allocators in the library directories and checks that they work. */
#define _GNU_SOURCE 1

#include "peers.h"

#include "locate.h"
#include "preload.h"
#include "probe.h"
#include "text.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Debian's triplets for glibc and musl, Fedora's lib64, and mimalloc's own versioned directories. */
static const char *const directory[] = {
    "/usr/local/lib",
    "/usr/local/lib64",
    "/usr/local/lib/*-linux-gnu",
    "/usr/local/lib/mimalloc-*",
    "/usr/lib/*-linux-gnu*",
    "/usr/lib/*-linux-musl*",
    "/usr/lib64",
    "/usr/lib",
    "/lib/*-linux-gnu*",
    "/lib",
};

/* The first file found of each family counts; debugging variants have other names. */
static const struct {
    const char *name;
    const char *file;
} family[] = {
    {"mimalloc", "libmimalloc.so*"},
    {"mimalloc", "libmimalloc2.so*"},
    {"mimalloc", "libmimalloc3.so*"},
    {"jemalloc", "libjemalloc.so*"},
    {"tcmalloc-minimal", "libtcmalloc_minimal.so*"},
    {"tcmalloc", "libtcmalloc.so*"},
    {"snmalloc", "libsnmallocshim.so*"},
    {"snmalloc-checks", "libsnmallocshim-checks.so*"},
    {"rpmalloc", "librpmalloc*.so*"},
    {"scudo", "libscudo.so*"},
    {"scudo", "libclang_rt.scudo_standalone*.so"},
    {"hoard", "libhoard.so*"},
    {"hardened_malloc", "libhardened_malloc.so*"},
    {"mesh", "libmesh.so*"},
    {"supermalloc", "libsupermalloc.so*"},
    {"tbb", "libtbbmalloc_proxy.so.*"},
};

static struct allocator *allocator_add(struct allocator_list *list, const char *name, const char *path)
{
    list->item = memory_resize(list->item, list->count + 1, sizeof *list->item);
    struct allocator *allocator = &list->item[list->count++];
    memset(allocator, 0, sizeof *allocator);
    snprintf(allocator->name, sizeof allocator->name, "%s", name);
    allocator->path = path ? text_copy(path) : NULL;
    return allocator;
}

static bool has_path(const struct allocator_list *list, const char *path)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->item[i].path && strcmp(list->item[i].path, path) == 0)
            return true;
    return false;
}

static bool has_name(const struct allocator_list *list, const char *name)
{
    for (size_t i = 0; i + 1 < list->count; i++)
        if (strcmp(list->item[i].name, name) == 0)
            return true;
    return false;
}

/* Two mimallocs are told apart by their major version, anything else by a number. The allocator is
 * the list's last. */
static void name_make_unique(struct allocator_list *list)
{
    struct allocator *last = &list->item[list->count - 1];
    size_t major_digits = strspn(last->version, "0123456789");
    char base[sizeof last->name];
    if (strcmp(last->name, "mimalloc") == 0 && major_digits > 0)
        snprintf(last->name, sizeof last->name, "mimalloc%.*s", (int)major_digits, last->version);
    memcpy(base, last->name, sizeof base);
    for (int number = 2; has_name(list, last->name); number++)
        snprintf(last->name, sizeof last->name, "%.20s-%d", base, number);
}

/* Adds what the path names if a run of it shows that its malloc is the process's. */
static bool peer_try(struct allocator_list *list, const char *name, const char *path, bool keep_name)
{
    struct probe probe;
    if (has_path(list, path))
        return true;
    if (!preload_can_name(path) || !probe_malloc(path, &probe) || strcmp(probe.file, path) != 0)
        return false;
    struct allocator *allocator = allocator_add(list, name, path);
    snprintf(allocator->version, sizeof allocator->version, "%s", probe.version);
    if (!keep_name)
        name_make_unique(list);
    return true;
}

static void family_search(struct allocator_list *list, const char *name, const char *file)
{
    for (size_t i = 0; i < sizeof directory / sizeof directory[0]; i++) {
        char pattern[256], path[PATH_BYTES];
        glob_t found;
        snprintf(pattern, sizeof pattern, "%s/%s", directory[i], file);
        if (glob(pattern, 0, NULL, &found) == 0)
            for (size_t j = 0; j < found.gl_pathc; j++)
                if (realpath(found.gl_pathv[j], path) && !peer_try(list, name, path, false))
                    message_print("left out %s: it cannot be preloaded here", path);
        globfree(&found);
    }
}

static bool named_add(const char *command, struct allocator_list *list, const char *named, int *status)
{
    char name[sizeof list->item->name], path[PATH_BYTES];
    const char *equals = strchr(named, '=');
    *status = 2;
    if (!equals || equals == named || (size_t)(equals - named) >= sizeof name) {
        usage_error(command, "--peer wants NAME=/path/lib.so, not '%s'", named);
        return false;
    }
    snprintf(name, sizeof name, "%.*s", (int)(equals - named), named);
    for (size_t i = 0; i < list->count; i++) {
        if (strcasecmp(list->item[i].name, name) == 0) {
            usage_error(command, "there are two allocators named '%s'", name);
            return false;
        }
    }
    *status = 1;
    if (!realpath(equals + 1, path)) {
        message_print("there is no '%s' for --peer %s", equals + 1, name);
        return false;
    }
    if (has_path(list, path) || !peer_try(list, name, path, true)) {
        message_print("--peer %s: malloc does not come from %s when it is preloaded", name, path);
        return false;
    }
    return true;
}

static bool hakmem_and_system_add(struct allocator_list *list)
{
    char library[PATH_BYTES];
    struct probe probe;
    if (!locate_library(library))
        return false;
    if (!peer_try(list, "HAKMEM", library, true)) {
        message_print("malloc does not come from %s when it is preloaded", library);
        return false;
    }
    if (!probe_malloc(NULL, &probe)) {
        message_print("cannot run this program again to ask for the system's malloc");
        return false;
    }
    struct allocator *system = allocator_add(list, "system", NULL);
    snprintf(system->version, sizeof system->version, "%s", probe.version);
    return true;
}

bool allocators_find(const char *command, const struct peer_request *request, struct allocator_list *list,
                     int *status)
{
    *status = 1;
    if (!hakmem_and_system_add(list))
        return false;
    for (size_t i = 0; i < request->named.count; i++)
        if (!named_add(command, list, request->named.item[i], status))
            return false;
    if (!request->none)
        for (size_t i = 0; i < sizeof family / sizeof family[0]; i++)
            family_search(list, family[i].name, family[i].file);
    return true;
}

void allocators_print(const struct allocator_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        printf("  %-18s %-14s %s\n", list->item[i].name, list->item[i].version,
               list->item[i].path ? list->item[i].path : "the C library's own");
    putchar('\n');
}
