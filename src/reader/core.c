/* core.c - a core file (ELF, 64 bits, of this machine's byte order): its segments are the memory. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bits.h"
#include "reader/source.h"

enum {
    SEGMENTS_MOST = 1 << 20,
    NOTES_MOST_BYTES = 64 << 20,
    NAMES_BUDGET_BYTES = 1 << 26,
    THREADS_MOST = 1 << 20,
    PAGE_BYTES_USUAL = 4096,
};

/* Bytes of the file itself; false when they are not all there. */
static bool file_bytes(struct reader *reader, uint64_t offset, void *to, size_t bytes)
{
    if (offset > reader->size || bytes > reader->size - offset)
        return false;
    if (reader->bytes) {
        memcpy(to, reader->bytes + offset, bytes);
        return true;
    }
    for (size_t done = 0; done < bytes;) {
        ssize_t got = pread(reader->file, (char *)to + done, bytes - done, (off_t)(offset + done));
        if (got == 0 || (got < 0 && errno != EINTR))
            return false;
        done += got > 0 ? (size_t)got : 0;
    }
    return true;
}

/* ---- notes */

static void note_program(struct reader *reader, const unsigned char *data, size_t bytes)
{
    struct elf_prpsinfo info;
    if (bytes < sizeof info)
        return;
    memcpy(&info, data, sizeof info);
    reader->pid = info.pr_pid;
    snprintf(reader->program, sizeof reader->program, "%.*s", (int)sizeof info.pr_psargs, info.pr_psargs);
    for (size_t end = strlen(reader->program); end && reader->program[end - 1] == ' '; end--)
        reader->program[end - 1] = '\0';
}

static void note_thread(struct reader *reader, const unsigned char *data, size_t bytes)
{
    struct elf_prstatus status;
    if (bytes < sizeof status || reader->tid_count >= THREADS_MOST)
        return;
    memcpy(&status, data, sizeof status);
    if (is_power_of_two(reader->tid_count) || reader->tid_count == 0) {
        int *tids = reallocarray(reader->tids, size_max(2 * reader->tid_count, 1), sizeof *tids);
        if (!tids)
            return;
        reader->tids = tids;
    }
    reader->tids[reader->tid_count++] = status.pr_pid;
}

static void note_auxiliary(struct reader *reader, const unsigned char *data, size_t bytes)
{
    for (uint64_t pair[2]; bytes >= sizeof pair; data += sizeof pair, bytes -= sizeof pair) {
        memcpy(pair, data, sizeof pair);
        if (pair[0] == AT_PAGESZ && is_power_of_two(pair[1]) && pair[1] >= 4096 && pair[1] <= 1 << 20)
            reader->page_bytes = (uint32_t)pair[1];
    }
}

static void name_range(struct reader *reader, uint64_t start, uint64_t end, const char *name)
{
    for (size_t i = 0; i < reader->ranges.count; i++) {
        struct source_range *range = &reader->ranges.item[i];
        if (range->start < start || range->end > end)
            continue;
        range->name = memory_copy_text(reader->ranges.memory, name, strlen(name));
        range->name = range->name ? range->name : "";
        range->anonymous = false;
    }
}

/* NT_FILE: count, page size, then start, end, offset of each, then their names. */
static void note_files(struct reader *reader, const unsigned char *data, size_t bytes)
{
    uint64_t head[2], entry[3];
    if (bytes < sizeof head)
        return;
    memcpy(head, data, sizeof head);
    if (head[0] > (bytes - sizeof head) / sizeof entry)
        return;
    const char *name = (const char *)data + sizeof head + head[0] * sizeof entry;
    const char *end = (const char *)data + bytes;
    for (uint64_t i = 0; i < head[0] && i < 65536 && memchr(name, '\0', (size_t)(end - name)); i++) {
        memcpy(entry, data + sizeof head + i * sizeof entry, sizeof entry);
        name_range(reader, entry[0], entry[1], name);
        name += strlen(name) + 1;
    }
}

static void read_note(struct reader *reader, uint32_t type, const unsigned char *data, size_t bytes)
{
    switch (type) {
    case NT_PRPSINFO: note_program(reader, data, bytes); break;
    case NT_PRSTATUS: note_thread(reader, data, bytes); break;
    case NT_AUXV: note_auxiliary(reader, data, bytes); break;
    case NT_FILE: note_files(reader, data, bytes); break;
    default: break;
    }
}

static void read_notes(struct reader *reader, const unsigned char *at, size_t left)
{
    Elf64_Nhdr note;
    while (left >= sizeof note) {
        memcpy(&note, at, sizeof note);
        size_t name = align_up(note.n_namesz, 4), data = align_up(note.n_descsz, 4);
        if (name > left - sizeof note || data > left - sizeof note - name)
            return;
        if (note.n_namesz >= 4 && memcmp(at + sizeof note, "CORE", 4) == 0)
            read_note(reader, note.n_type, at + sizeof note + name, note.n_descsz);
        at += sizeof note + name + data;
        left -= sizeof note + name + data;
    }
}

static void read_note_segment(struct reader *reader, const Elf64_Phdr *segment)
{
    if (segment->p_filesz == 0 || segment->p_filesz > NOTES_MOST_BYTES)
        return;
    unsigned char *notes = malloc(segment->p_filesz);
    if (notes && file_bytes(reader, segment->p_offset, notes, segment->p_filesz))
        read_notes(reader, notes, segment->p_filesz);
    free(notes);
}

/* ---- segments */

static int compare_ranges(const void *a, const void *b)
{
    const struct source_range *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

/* Sorts, and drops what overlaps. */
static void settle_ranges(struct source_ranges *ranges)
{
    uint64_t above = 0;
    size_t kept = 0;
    if (ranges->count)
        qsort(ranges->item, ranges->count, sizeof *ranges->item, compare_ranges);
    for (size_t i = 0; i < ranges->count; i++)
        if (ranges->item[i].start >= above) {
            above = ranges->item[i].end;
            ranges->item[kept++] = ranges->item[i];
        }
    ranges->count = kept;
}

static bool add_segment(struct reader *reader, const Elf64_Phdr *segment)
{
    struct source_range range = {
        .start = segment->p_vaddr,
        .file_offset = segment->p_offset,
        .file_bytes = size_min(size_min(segment->p_filesz, segment->p_memsz),
                               size_minus(reader->size, segment->p_offset)),
        .readable = segment->p_flags & PF_R,
        .writable = segment->p_flags & PF_W,
        .executable = segment->p_flags & PF_X,
        .anonymous = true,
        .name = "",
    };
    if (segment->p_memsz == 0 || __builtin_add_overflow(segment->p_vaddr, segment->p_memsz, &range.end))
        return true;
    return ranges_add(&reader->ranges, &range);
}

/* More than 65534 segments: their number is in the first section's header. */
static uint64_t segment_count(struct reader *reader, const Elf64_Ehdr *header)
{
    Elf64_Shdr first;
    if (header->e_phnum != PN_XNUM)
        return header->e_phnum;
    return file_bytes(reader, header->e_shoff, &first, sizeof first) ? first.sh_info : 0;
}

static bool each_segment(struct reader *reader, const Elf64_Ehdr *header, uint64_t count, uint32_t type)
{
    for (uint64_t i = 0; i < count; i++) {
        Elf64_Phdr segment;
        if (!file_bytes(reader, header->e_phoff + i * sizeof segment, &segment, sizeof segment))
            return false;
        if (segment.p_type != type)
            continue;
        if (type == PT_NOTE)
            read_note_segment(reader, &segment);
        else if (!add_segment(reader, &segment))
            return false;
    }
    return true;
}

static bool read_segments(struct reader *reader, const Elf64_Ehdr *header)
{
    uint64_t count = segment_count(reader, header);
    if (count == 0 || count > SEGMENTS_MOST || header->e_phentsize != sizeof(Elf64_Phdr) ||
        !each_segment(reader, header, count, PT_LOAD))
        return false;
    settle_ranges(&reader->ranges);
    return each_segment(reader, header, count, PT_NOTE);
}

/* ---- opening */

static void *fail_kind(struct reader *reader, const Elf64_Ehdr *header, char error[READER_ERROR_BYTES])
{
    const unsigned char *start = header->e_ident;
    if (memcmp(start, "\x28\xb5\x2f\xfd", 4) == 0 || memcmp(start, "\x1f\x8b", 2) == 0 ||
        memcmp(start,
               "\xfd"
               "7zXZ",
               5) == 0 ||
        memcmp(start, "\x04\x22\x4d\x18", 4) == 0)
        return reader_fail(error,
                           "the core file is compressed: unpack it first (zstd -d, gunzip, unxz, lz4 -d; "
                           "'coredumpctl dump' writes it unpacked)");
    if (reader->size == 0)
        return reader_fail(error, "the file is empty: no core was written (see 'ulimit -c')");
    if (memcmp(start, ELFMAG, SELFMAG) != 0)
        return reader_fail(error,
                           "this is no core file: give a process number, or a file as gcore writes it");
    if (start[EI_CLASS] != ELFCLASS64)
        return reader_fail(error, "this core file is of a 32-bit program, which HAKMEM does not serve");
    return reader_fail(error, "this is a program or a library, not a core file");
}

static bool open_core(struct reader *reader, char error[READER_ERROR_BYTES])
{
    Elf64_Ehdr header = {.e_type = ET_NONE};
    uint16_t endian = 1;
    unsigned char order = *(unsigned char *)&endian ? ELFDATA2LSB : ELFDATA2MSB;
    bool whole = file_bytes(reader, 0, &header, sizeof header);
    if (!whole)
        file_bytes(reader, 0, &header, size_min(reader->size, 16));
    if (!whole || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64 ||
        header.e_ident[EI_DATA] != order || header.e_type != ET_CORE)
        return fail_kind(reader, &header, error) != NULL;
    reader->ranges.memory = memory_open(NAMES_BUDGET_BYTES);
    if (!reader->ranges.memory || !read_segments(reader, &header))
        return reader_fail(error, "the core file is damaged or cut short: its segments cannot be read") !=
               NULL;
    return image_find(reader, error);
}

static struct reader *new_reader(int file, const void *bytes, uint64_t size)
{
    struct reader *reader = calloc(1, sizeof *reader);
    if (!reader)
        return NULL;
    reader->kind = READER_CORE;
    reader->file = file;
    reader->bytes = bytes;
    reader->size = size;
    reader->page_bytes = PAGE_BYTES_USUAL;
    return reader;
}

static struct reader *finish(struct reader *reader, char error[READER_ERROR_BYTES])
{
    if (!reader)
        return reader_fail(error, "there is no memory");
    if (open_core(reader, error))
        return reader;
    reader_close(reader);
    return NULL;
}

struct reader *reader_open_core_bytes(const void *bytes, size_t size, char error[READER_ERROR_BYTES])
{
    return finish(new_reader(-1, bytes, size), error);
}

struct reader *reader_open_core(const char *path, char error[READER_ERROR_BYTES])
{
    struct stat about;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return reader_fail(error, "'%.200s' is neither a process number nor a core file that can be read: %s",
                           path, strerror(errno));
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        close(file);
        return reader_fail(error, "'%.200s' is not a file", path);
    }
    struct reader *reader = new_reader(file, NULL, (uint64_t)about.st_size);
    if (!reader)
        close(file);
    else
        reader->date_ms = (uint64_t)about.st_mtime * 1000;
    return finish(reader, error);
}
