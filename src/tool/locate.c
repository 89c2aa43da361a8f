/* locate.c - finds the files that belong to this executable, from where it lies itself. */
#define _GNU_SOURCE 1

#include "locate.h"

#include "text.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The directory of this executable, without a slash at its end. */
static bool own_directory(char directory[PATH_BYTES])
{
    ssize_t length = readlink("/proc/self/exe", directory, PATH_BYTES - 1);
    if (length <= 0)
        return false;
    directory[length] = '\0';
    char *slash = strrchr(directory, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return true;
}

/* The first file that matches a pattern relative to the executable's directory, made absolute. */
static bool find_beside(const char *pattern, char path[PATH_BYTES])
{
    char directory[PATH_BYTES], full[2 * PATH_BYTES];
    glob_t found;
    if (!own_directory(directory))
        return false;
    snprintf(full, sizeof full, "%s/%s", directory, pattern);
    bool any = glob(full, 0, NULL, &found) == 0 && realpath(found.gl_pathv[0], path) != NULL;
    globfree(&found);
    return any;
}

bool locate_library(char path[PATH_BYTES])
{
    static const char *const pattern[] = {"libhakmem.so", "../lib/libhakmem.so", "../lib/*/libhakmem.so",
                                          "../lib*/libhakmem.so"};
    const char *named = getenv("HAKMEM_LIB");
    if (named && *named) {
        if (realpath(named, path) && access(path, R_OK) == 0)
            return true;
        message_print("HAKMEM_LIB names '%s', which cannot be read", named);
        return false;
    }
    for (size_t i = 0; i < sizeof pattern / sizeof pattern[0]; i++)
        if (find_beside(pattern[i], path))
            return true;
    message_print("libhakmem.so is neither beside this program nor in ../lib*; "
                  "HAKMEM_LIB=PATH names it");
    return false;
}

bool locate_benchmark(const char *program, char path[PATH_BYTES])
{
    char installed[256];
    snprintf(installed, sizeof installed, "../libexec/hakmem/%s", program);
    return find_beside(program, path) || find_beside(installed, path);
}
