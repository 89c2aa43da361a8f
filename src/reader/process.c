/* process.c - a running process: what it has mapped, by /proc/PID/maps, and why it cannot be read. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "reader/source.h"

enum { FILE_STEP_BYTES = 1 << 16, FILE_MOST_BYTES = 1 << 30, NAMES_BUDGET_BYTES = 1 << 28 };

char *process_read_file(int pid, const char *name, size_t *length)
{
    char path[64], *text = NULL;
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return NULL;
    size_t used = 0, room = 0;
    ssize_t got = 1;
    while (got > 0 && used < FILE_MOST_BYTES) {
        if (room - used < FILE_STEP_BYTES) {
            room = 2 * room + 2 * FILE_STEP_BYTES;
            char *larger = realloc(text, room);
            if (!larger)
                break;
            text = larger;
        }
        got = read(file, text + used, room - used - 1);
        used += got > 0 ? (size_t)got : 0;
    }
    int failure = errno;
    close(file);
    if (got < 0 || !text) {
        free(text);
        errno = failure;
        return NULL;
    }
    text[used] = '\0';
    *length = used;
    return text;
}

/* ---- maps and smaps */

/* "start-end perms offset dev inode   name" */
static bool parse_range(struct source_ranges *ranges, const char *line, const char *end,
                        struct source_range *range)
{
    char permissions[5];
    unsigned long long start, stop, inode;
    int name = 0;
    if (sscanf(line, "%llx-%llx %4s %*x %*x:%*x %llu%n", &start, &stop, permissions, &inode, &name) != 4)
        return false;
    const char *text = line + name;
    while (text < end && *text == ' ')
        text++;
    *range = (struct source_range){
        .start = start,
        .end = stop,
        .readable = permissions[0] == 'r',
        .writable = permissions[1] == 'w',
        .executable = permissions[2] == 'x',
        .shared = permissions[3] == 's',
        .anonymous = inode == 0,
        .name = memory_copy_text(ranges->memory, text, (size_t)(end - text)),
    };
    return range->name && start < stop;
}

static void parse_size(struct source_range *range, const char *line)
{
    unsigned long long kib;
    if (sscanf(line, "Rss: %llu", &kib) == 1)
        range->rss_bytes = kib * 1024;
    else if (sscanf(line, "AnonHugePages: %llu", &kib) == 1)
        range->anon_huge_bytes = kib * 1024;
    else if (sscanf(line, "Swap: %llu", &kib) == 1)
        range->swap_bytes = kib * 1024;
}

/* The kernel gives the list a page at a time, from an address on: a mapping that grew or was joined with the
 * one before since that page begins again below, and only what lies above is new. Lines are ended by a NUL
 * as it goes: sscanf measures all that follows. */
static bool parse_ranges(struct source_ranges *ranges, char *text)
{
    uint64_t above = 0;
    while (*text) {
        char *end = strchr(text, '\n');
        struct source_range range;
        if (!end)
            break;
        *end = '\0';
        if (isupper((unsigned char)*text)) {
            if (ranges->count && strchr("RAS", *text))
                parse_size(&ranges->item[ranges->count - 1], text);
        } else if (parse_range(ranges, text, end, &range) && range.end > above) {
            range.start = range.start > above ? range.start : above;
            if (!ranges_add(ranges, &range))
                return false;
            above = range.end;
        }
        text = end + 1;
    }
    return true;
}

bool process_read_ranges(struct reader *reader, bool with_sizes)
{
    size_t length;
    char *text = process_read_file(reader->pid, with_sizes ? "smaps" : "maps", &length);
    if (!text)
        return false;
    ranges_clear(&reader->ranges);
    reader->ranges.memory = memory_open(NAMES_BUDGET_BYTES);
    bool done = reader->ranges.memory && parse_ranges(&reader->ranges, text);
    free(text);
    if (!done)
        errno = ENOMEM;
    return done;
}

/* ---- opening */

static bool ptrace_is_restricted(void)
{
    size_t length;
    char *scope = process_read_file(0, "../sys/kernel/yama/ptrace_scope", &length);
    bool restricted = scope && scope[0] >= '1';
    free(scope);
    return restricted;
}

static void *fail_denied(int pid, char error[READER_ERROR_BYTES])
{
    struct stat owner;
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", pid);
    if (stat(path, &owner) == 0 && owner.st_uid != geteuid())
        return reader_fail(error,
                           "process %d belongs to another user (uid %u): run this as that user or as root",
                           pid, (unsigned)owner.st_uid);
    if (geteuid() != 0 && ptrace_is_restricted())
        return reader_fail(
            error, "the kernel lets a process be read only by its parents (kernel.yama.ptrace_scope): "
                   "run this as root, or 'sysctl kernel.yama.ptrace_scope=0' first");
    if (geteuid() == 0)
        return reader_fail(
            error,
            "the kernel does not let process %d be read, not even by root: in a container, give it "
            "the capability SYS_PTRACE",
            pid);
    return reader_fail(
        error, "process %d may not be read (it is privileged or not dumpable): run this as root", pid);
}

static void *fail_errno(int pid, char error[READER_ERROR_BYTES])
{
    if (errno == ENOENT || errno == ESRCH)
        return reader_fail(error, "there is no process %d", pid);
    if (errno == EACCES || errno == EPERM)
        return fail_denied(pid, error);
    return reader_fail(error, "process %d cannot be read: %s", pid, strerror(errno));
}

static void read_program_name(struct reader *reader)
{
    size_t length;
    char *name = process_read_file(reader->pid, "cmdline", &length);
    if (!name || length == 0) {
        free(name);
        name = process_read_file(reader->pid, "comm", &length);
    }
    if (!name)
        return;
    for (size_t i = 0; i < length && i + 1 < sizeof reader->program; i++)
        reader->program[i] = name[i] == '\0' || name[i] == '\n' ? ' ' : name[i];
    for (size_t end = strlen(reader->program); end && reader->program[end - 1] == ' '; end--)
        reader->program[end - 1] = '\0';
    free(name);
}

/* Whether the kernel lets us read its memory at all: what one range tells. To read of each would have pages
 * come into being that the process never touched. */
static bool can_read(struct reader *reader)
{
    char byte;
    for (size_t i = 0; i < reader->ranges.count; i++) {
        const struct source_range *range = &reader->ranges.item[i];
        struct iovec local = {&byte, 1}, remote = {(void *)(uintptr_t)range->start, 1};
        if (!range->readable)
            continue;
        if (process_vm_readv(reader->pid, &local, 1, &remote, 1, 0) == 1)
            return true;
        if (errno == EPERM || errno == ESRCH)
            return false;
    }
    return true;
}

static struct reader *open_process(struct reader *reader, char error[READER_ERROR_BYTES])
{
    if (!process_read_ranges(reader, false) || !can_read(reader))
        return fail_errno(reader->pid, error);
    if (reader->ranges.count == 0)
        return reader_fail(error, "process %d has no memory: it is a kernel thread, or has ended",
                           reader->pid);
    return image_find(reader, error) ? reader : NULL;
}

struct reader *reader_open_process(int pid, char error[READER_ERROR_BYTES])
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return reader_fail(error, "there is no memory");
    reader->kind = READER_PROCESS;
    reader->pid = pid;
    reader->file = -1;
    reader->page_bytes = (uint32_t)sysconf(_SC_PAGESIZE);
    read_program_name(reader);
    if (open_process(reader, error))
        return reader;
    reader_close(reader);
    return NULL;
}

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 10 && text[digits] == '\0';
}

struct reader *reader_open(const char *target, char error[READER_ERROR_BYTES])
{
    return is_number(target) ? reader_open_process(atoi(target), error) : reader_open_core(target, error);
}

void reader_close(struct reader *reader)
{
    if (!reader)
        return;
    if (reader->file >= 0)
        close(reader->file);
    ranges_clear(&reader->ranges);
    free(reader->tids);
    free(reader);
}
