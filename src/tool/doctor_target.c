/* doctor_target.c - a process as /proc shows it: what it has mapped, its environment, its rights. */
#define _GNU_SOURCE 1

#include "doctor.h"

#include "text.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST_BYTES = 256 << 20, PATH_MOST_BYTES = 4096 };

/* ---- files */

static char *read_whole(int file, size_t *length)
{
    size_t room = 0;
    char *text = NULL;
    ssize_t got = 1;
    for (*length = 0; got > 0 && *length<FILE_MOST_BYTES; *length += got> 0 ? (size_t)got : 0) {
        if (room - *length < 4096) {
            room = 2 * room + 65536;
            text = memory_resize(text, room, 1);
        }
        got = read(file, text + *length, room - *length - 1);
    }
    if (got < 0) {
        free(text);
        return NULL;
    }
    text[*length] = '\0';
    return text;
}

char *target_file(const struct target *target, size_t *length, const char *format, ...)
{
    char path[PATH_MOST_BYTES];
    size_t unused, root = strlen(target->root);
    va_list arguments;
    if (root >= sizeof path)
        return NULL;
    memcpy(path, target->root, root);
    va_start(arguments, format);
    vsnprintf(path + root, sizeof path - root, format, arguments);
    va_end(arguments);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return NULL;
    char *text = read_whole(file, length ? length : &unused);
    int failure = errno;
    close(file);
    errno = failure;
    return text;
}

bool text_number(const char *text, const char *label, unsigned long long *number)
{
    size_t length = strlen(label);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, label, length) != 0)
            continue;
        const char *digits = line + length + strspn(line + length, ": \t");
        char *end;
        *number = strtoull(digits, &end, 10);
        return end != digits;
    }
    return false;
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- what is mapped */

/* Cuts " (deleted)" off; whether it was there. */
static bool cut_deleted(char *path)
{
    static const char mark[] = " (deleted)";
    size_t length = strlen(path);
    if (length < sizeof mark || strcmp(path + length - (sizeof mark - 1), mark) != 0)
        return false;
    path[length - (sizeof mark - 1)] = '\0';
    return true;
}

/* "start-end perms offset dev inode   name"; the line ends in a NUL. */
static bool parse_mapping(char *line, struct doctor_mapping *mapping)
{
    unsigned long long start, end, offset;
    char permissions[5];
    int name = 0;
    if (sscanf(line, "%llx-%llx %4s %llx %*x:%*x %llu%n", &start, &end, permissions, &offset, &mapping->inode,
               &name) != 5)
        return false;
    char *path = line + name + strspn(line + name, " ");
    mapping->start = start;
    mapping->end = end;
    mapping->offset = offset;
    mapping->executable = permissions[2] == 'x';
    mapping->deleted = cut_deleted(path);
    mapping->path = path;
    return true;
}

static void parse_mappings(struct target *target)
{
    size_t room = 0;
    for (char *line = target->maps_text, *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        if (*next)
            *next++ = '\0';
        if (target->mapping_count == room) {
            room = 2 * room + 64;
            target->mappings = memory_resize(target->mappings, room, sizeof *target->mappings);
        }
        target->mapping_count += parse_mapping(line, &target->mappings[target->mapping_count]);
    }
}

const struct doctor_mapping *target_mapping(const struct target *target, uint64_t address)
{
    for (size_t i = 0; i < target->mapping_count; i++)
        if (address >= target->mappings[i].start && address < target->mappings[i].end)
            return &target->mappings[i];
    return NULL;
}

static void find_library(struct target *target)
{
    for (size_t i = 0; i < target->mapping_count && !target->library; i++)
        if (strncmp(path_base(target->mappings[i].path), "libhakmem.so", 12) == 0)
            target->library = target->mappings[i].path;
}

/* ---- the rest */

/* What the kernel told the program's start: whether it has more rights than who started it, and where its
 * dynamic linker is. */
static void read_auxiliary(struct target *target)
{
    size_t length = 0;
    ElfW(auxv_t) entry;
    char *text = target_file(target, &length, "/proc/%d/auxv", target->pid);
    bool linker = false;
    for (size_t at = 0; text && at + sizeof entry <= length; at += sizeof entry) {
        memcpy(&entry, text + at, sizeof entry);
        if (entry.a_type == AT_SECURE)
            target->secure = entry.a_un.a_val != 0;
        if (entry.a_type == AT_BASE)
            linker = entry.a_un.a_val != 0;
    }
    target->is_static = length > 0 && !linker;
    free(text);
}

static void read_program(struct target *target)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/exe", target->pid);
    ssize_t length = readlink(link, target->program, sizeof target->program - 1);
    if (length > 0)
        cut_deleted(target->program);
}

static bool fail(struct target *target, char error[READER_ERROR_BYTES])
{
    int failure = errno;
    struct stat owner;
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", target->pid);
    if (stat(path, &owner) != 0)
        snprintf(error, READER_ERROR_BYTES, "there is no process %d", target->pid);
    else if (failure == EACCES || failure == EPERM)
        snprintf(error, READER_ERROR_BYTES,
                 "process %d may not be looked at (it belongs to uid %u): run this as that user or as root",
                 target->pid, (unsigned)owner.st_uid);
    else if (failure == 0)
        snprintf(error, READER_ERROR_BYTES, "process %d has no memory: it is a kernel thread, or has ended",
                 target->pid);
    else
        snprintf(error, READER_ERROR_BYTES, "process %d cannot be looked at: %s", target->pid,
                 strerror(failure));
    target_close(target);
    return false;
}

bool target_open(struct target *target, int pid, char error[READER_ERROR_BYTES])
{
    *target = (struct target){.root = "", .pid = pid};
    errno = 0;
    target->maps_text = target_file(target, NULL, "/proc/%d/maps", pid);
    if (!target->maps_text || !*target->maps_text)
        return fail(target, error);
    parse_mappings(target);
    target->environment = target_file(target, &target->environment_bytes, "/proc/%d/environ", pid);
    read_auxiliary(target);
    read_program(target);
    find_library(target);
    target->reader = reader_open_process(pid, target->reader_error);
    return true;
}

void target_close(struct target *target)
{
    reader_close(target->reader);
    target->reader = NULL;
    free(target->maps_text);
    free(target->environment);
    free(target->mappings);
    target->maps_text = target->environment = NULL;
    target->mappings = NULL;
}

const char *target_variable(const struct target *target, const char *name)
{
    size_t length = strlen(name);
    const char *end = target->environment ? target->environment + target->environment_bytes : NULL;
    for (const char *at = target->environment; at && at < end; at += strlen(at) + 1)
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return at + length + 1;
    return NULL;
}
