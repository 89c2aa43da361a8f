#include "reader/source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/bits.h"

enum { BATCH = 512 }; /* pieces in one call, of 1024 that the kernel takes */

void *reader_fail(char error[READER_ERROR_BYTES], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error, READER_ERROR_BYTES, format, arguments);
    va_end(arguments);
    return NULL;
}

/* ---- ranges */

bool ranges_add(struct source_ranges *ranges, const struct source_range *range)
{
    if (ranges->count == ranges->room) {
        size_t room = ranges->room ? 2 * ranges->room : 256;
        struct source_range *item = reallocarray(ranges->item, room, sizeof *item);
        if (!item)
            return false;
        ranges->item = item;
        ranges->room = room;
    }
    ranges->item[ranges->count++] = *range;
    return true;
}

void ranges_clear(struct source_ranges *ranges)
{
    free(ranges->item);
    memory_close(ranges->memory);
    *ranges = (struct source_ranges){0};
}

/* The first range that ends above the address. */
static size_t first_above(const struct source_ranges *ranges, uint64_t address)
{
    size_t low = 0, high = ranges->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ranges->item[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct source_range *source_find(const struct reader *reader, uint64_t address)
{
    size_t at = first_above(&reader->ranges, address);
    if (at == reader->ranges.count || reader->ranges.item[at].start > address)
        return NULL;
    return &reader->ranges.item[at];
}

uint64_t source_mapped_bytes(const struct reader *reader, uint64_t start, uint64_t end)
{
    uint64_t bytes = 0;
    for (size_t i = first_above(&reader->ranges, start); i < reader->ranges.count; i++) {
        const struct source_range *range = &reader->ranges.item[i];
        if (range->start >= end)
            break;
        bytes += size_min(range->end, end) - size_max(range->start, start);
    }
    return bytes;
}

bool source_is_mapped(const struct reader *reader, uint64_t start, uint64_t bytes)
{
    uint64_t end;
    return !__builtin_add_overflow(start, bytes, &end) && source_mapped_bytes(reader, start, end) == bytes;
}

bool source_has(const struct reader *reader, uint64_t start, uint64_t bytes)
{
    uint64_t at = start, end;
    if (reader->kind == READER_PROCESS || __builtin_add_overflow(start, bytes, &end))
        return source_is_mapped(reader, start, bytes);
    while (at < end) {
        const struct source_range *range = source_find(reader, at);
        if (!range || at - range->start >= range->file_bytes)
            return false;
        at = range->start + range->file_bytes;
    }
    return true;
}

/* ---- reading a core file */

static uint64_t file_read(struct reader *reader, uint64_t offset, char *to, uint64_t bytes)
{
    uint64_t done = 0;
    if (offset >= reader->size)
        return 0;
    bytes = size_min(bytes, reader->size - offset);
    if (reader->bytes) {
        memcpy(to, reader->bytes + offset, bytes);
        return bytes;
    }
    while (done < bytes) {
        ssize_t got = pread(reader->file, to + done, bytes - done, (off_t)(offset + done));
        if (got <= 0 && !(got < 0 && errno == EINTR))
            break;
        done += got > 0 ? (uint64_t)got : 0;
    }
    return done;
}

/* What a segment holds of [address, address + bytes), which it covers. */
static uint64_t segment_read(struct reader *reader, const struct source_range *segment, uint64_t address,
                             char *to, uint64_t bytes)
{
    uint64_t inside = address - segment->start;
    if (inside >= segment->file_bytes)
        return 0;
    return file_read(reader, segment->file_offset + inside, to,
                     size_min(bytes, segment->file_bytes - inside));
}

static uint64_t core_read(struct reader *reader, const struct source_piece *piece)
{
    uint64_t at = piece->address, end = at + piece->bytes, got = 0;
    for (size_t i = first_above(&reader->ranges, at); i < reader->ranges.count && at < end; i++) {
        const struct source_range *segment = &reader->ranges.item[i];
        if (segment->start >= end)
            break;
        at = size_max(at, segment->start);
        uint64_t bytes = size_min(end, segment->end) - at;
        got += segment_read(reader, segment, at, (char *)piece->to + (at - piece->address), bytes);
        at += bytes;
    }
    return piece->bytes - got;
}

/* ---- reading a process */

/* A batch, from `skip` bytes into its first piece on; returns the bytes read. */
static size_t read_batch(struct reader *reader, const struct source_piece *pieces, size_t count, size_t skip)
{
    struct iovec local[BATCH], remote[BATCH];
    for (size_t i = 0; i < count; i++) {
        size_t from = i == 0 ? skip : 0;
        local[i] = (struct iovec){(char *)pieces[i].to + from, pieces[i].bytes - from};
        remote[i] = (struct iovec){(void *)(uintptr_t)(pieces[i].address + from), pieces[i].bytes - from};
    }
    ssize_t got = process_vm_readv(reader->pid, local, count, remote, count, 0);
    return got > 0 ? (size_t)got : 0;
}

/* Reads piece by piece, page by page where a page is in the way. Returns the bytes not read. */
static uint64_t process_read_many(struct reader *reader, const struct source_piece *pieces, size_t count)
{
    uint64_t missing = 0;
    size_t skip = 0;
    while (count) {
        size_t got = read_batch(reader, pieces, size_min(count, BATCH), skip);
        bool stuck = got == 0;
        for (size_t batch = size_min(count, BATCH); batch && got >= pieces->bytes - skip; batch--) {
            got -= pieces->bytes - skip;
            skip = 0;
            pieces++;
            count--;
        }
        skip += got;
        if (!count || (!stuck && skip == 0))
            continue;
        uint64_t at = pieces->address + skip; /* this byte's page cannot be read */
        uint64_t hole = size_min(align_up(at + 1, reader->page_bytes) - at, pieces->bytes - skip);
        missing += hole;
        skip += hole;
        if (skip == pieces->bytes) {
            skip = 0;
            pieces++;
            count--;
        }
    }
    return missing;
}

uint64_t source_read_many(struct reader *reader, const struct source_piece *pieces, size_t count)
{
    uint64_t missing = 0;
    for (size_t i = 0; i < count; i++)
        memset(pieces[i].to, 0, pieces[i].bytes);
    if (reader->kind == READER_PROCESS)
        return process_read_many(reader, pieces, count);
    for (size_t i = 0; i < count; i++)
        missing += core_read(reader, &pieces[i]);
    return missing;
}

uint64_t source_read(struct reader *reader, uint64_t address, void *to, size_t bytes)
{
    struct source_piece piece = {address, to, bytes};
    return source_read_many(reader, &piece, 1);
}
