#include "os/maps.h"

#include <fcntl.h>
#include <string.h>

#include "base/bits.h"
#include "os/syscall.h"

enum { LINE_BYTES = 256, ACCESS_BYTES = 4 };

/* A line as far as it fits; what is left of a longer one (a path) is skipped. */
struct reader {
    long file;
    size_t at, have;
    char buffer[LINE_BYTES];
};

static int next_byte(struct reader *reader)
{
    if (reader->at == reader->have) {
        long got = syscall_raw(SYS_read, reader->file, (long)reader->buffer, sizeof reader->buffer, 0, 0, 0);
        if (got <= 0)
            return -1;
        reader->at = 0;
        reader->have = (size_t)got;
    }
    return (unsigned char)reader->buffer[reader->at++];
}

/* A hexadecimal number and the byte behind it. */
static uintptr_t read_hex(struct reader *reader, int *after)
{
    uintptr_t number = 0;
    int c;
    while ((c = next_byte(reader)) >= 0) {
        if (c >= '0' && c <= '9')
            number = number * 16 + (uintptr_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            number = number * 16 + (uintptr_t)(c - 'a') + 10;
        else
            break;
    }
    *after = c;
    return number;
}

/* "start-end rwxp offset device inode   name"; the name's part behind its last slash is kept. */
static bool read_mapping(struct reader *reader, struct mapping *mapping)
{
    int c;
    memset(mapping, 0, sizeof *mapping);
    mapping->start = read_hex(reader, &c);
    mapping->end = read_hex(reader, &c);
    for (int i = 0; i < ACCESS_BYTES && (c = next_byte(reader)) >= 0; i++)
        mapping->access[i] = (char)c;
    size_t length = 0;
    int fields = 0;
    bool in_space = false;
    while ((c = next_byte(reader)) >= 0 && c != '\n') {
        fields += c == ' ' && !in_space && fields < 4;
        in_space = c == ' ';
        if (fields < 4 || (length == 0 && in_space))
            continue;
        if (c == '/')
            length = 0;
        else if (length < MAPS_NAME_BYTES - 1)
            mapping->name[length++] = (char)c;
    }
    mapping->name[length] = 0;
    return c == '\n' && mapping->end > mapping->start;
}

static uintptr_t distance(const struct mapping *mapping, uintptr_t address)
{
    if (mapping_holds(mapping, address))
        return 0;
    return address < mapping->start ? mapping->start - address : address - mapping->end + 1;
}

bool maps_nearest(uintptr_t address, struct mapping *nearest)
{
    struct reader reader = {
        .file = syscall_raw(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0, 0, 0)};
    struct mapping mapping;
    bool found = false;
    if (reader.file < 0)
        return false;
    while (read_mapping(&reader, &mapping)) {
        if (!found || distance(&mapping, address) < distance(nearest, address))
            *nearest = mapping;
        found = true;
    }
    syscall_raw(SYS_close, reader.file, 0, 0, 0, 0, 0);
    return found;
}

/* ---- the file at an address */

/* The rest of a line: " device inode   path"; its end, if there is no room for all. */
static bool read_path(struct reader *reader, char *path)
{
    size_t length = 0;
    int fields = 0, c;
    while ((c = next_byte(reader)) >= 0 && c != '\n') {
        if (fields < 2) {
            fields += c == ' ';
        } else if (c != ' ' || length) {
            if (length == MAPS_PATH_BYTES - 1)
                memmove(path, path + 1, --length);
            path[length++] = (char)c;
        }
    }
    path[length] = '\0';
    return c == '\n';
}

bool maps_module(uintptr_t address, struct module *module)
{
    struct reader reader = {
        .file = syscall_raw(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0, 0, 0)};
    bool found = false;
    uintptr_t start, end;
    int after;
    if (reader.file < 0)
        return false;
    do {
        start = read_hex(&reader, &after);
        end = read_hex(&reader, &after);
        for (int i = 0; i < ACCESS_BYTES + 1; i++)
            next_byte(&reader);
        if (read_hex(&reader, &after) == 0) /* a file's first mapping: the others follow */
            module->base = start;
        found = address >= start && address < end;
    } while (read_path(&reader, module->path) && !found);
    syscall_raw(SYS_close, reader.file, 0, 0, 0, 0, 0);
    return found && module->path[0] != '\0';
}
