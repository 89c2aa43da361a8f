/* source.h - where an image is read from: a process, by process_vm_readv, or the segments of a core file.
 *
 * Owns the list of what is mapped, by which everything that an image says of itself is bounded. Internal
 * to the reader. */
#ifndef HAKMEM_READER_SOURCE_H
#define HAKMEM_READER_SOURCE_H

#include "reader/memory.h"
#include "reader/reader.h"
#include "region/image.h"

/* Something mapped; ranges are sorted and do not overlap. */
struct source_range {
    uint64_t start, end;
    uint64_t file_offset; /* core: of its bytes in the file, */
    uint64_t file_bytes;  /* of which so many are there */
    bool readable, writable, executable, shared, anonymous;
    const char *name;
    uint64_t rss_bytes, swap_bytes, anon_huge_bytes; /* as far as they were asked for */
};

struct source_ranges {
    struct source_range *item;
    size_t count, room;
    struct reader_memory *memory; /* of names */
};

struct reader {
    enum reader_source_kind kind;
    int pid;
    int file; /* core: its descriptor, or -1 */
    const unsigned char *bytes;
    uint64_t size;    /* core: of the file */
    uint64_t date_ms; /* core */
    uint32_t page_bytes;
    char program[READER_NAME_BYTES];
    struct source_ranges ranges; /* core: for good; process: as of the last snapshot */
    int *tids;                   /* core: its threads */
    size_t tid_count;
    uint64_t image; /* address of the header */
};

/* Bytes wanted from an address, and where to. */
struct source_piece {
    uint64_t address;
    void *to;
    size_t bytes;
};

/* Reads; what cannot be read becomes zero. Returns how many bytes those were. */
uint64_t source_read(struct reader *reader, uint64_t address, void *to, size_t bytes);
uint64_t source_read_many(struct reader *reader, const struct source_piece *pieces, size_t count);

/* Bytes of [start, end) that are mapped. */
uint64_t source_mapped_bytes(const struct reader *reader, uint64_t start, uint64_t end);
bool source_is_mapped(const struct reader *reader, uint64_t start, uint64_t bytes);

/* Mapped, and in the core file: the kernel leaves out mappings that were never touched. */
bool source_has(const struct reader *reader, uint64_t start, uint64_t bytes);

/* The range that holds the address; NULL: none. */
const struct source_range *source_find(const struct reader *reader, uint64_t address);

bool ranges_add(struct source_ranges *ranges, const struct source_range *range);
void ranges_clear(struct source_ranges *ranges);

/* One line; returns NULL. */
void *reader_fail(char error[READER_ERROR_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- process.c */

/* Reads /proc/PID/maps, or smaps, into reader->ranges; false with errno when it cannot. */
bool process_read_ranges(struct reader *reader, bool with_sizes);

/* The whole of a file of /proc, ended by a NUL: to be freed; NULL with errno. */
char *process_read_file(int pid, const char *name, size_t *length);

/* ---- find.c */

/* Finds the image, validates its header and sets reader->image. */
bool image_find(struct reader *reader, char error[READER_ERROR_BYTES]);

/* Reads the header again and, of a process, what is mapped after it: what a heap speaks of stays mapped, so
 * that all of it is found there, however the heap grows meanwhile. False when the header makes no sense. */
bool image_read(struct reader *reader, struct image_header *image, char error[READER_ERROR_BYTES]);

#endif
