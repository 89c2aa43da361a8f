/* make_core PID FILE - a small core file of a process that runs HAKMEM: its records alone, without the
 * blocks. Where fuzzing starts from. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/procfs.h>

#include "reader/source.h"

/* Records: those of the region, and of guarded blocks. */
enum { PARTS = READER_METADATA_KINDS + 1, SEGMENTS = PARTS + 2, NOTE_BYTES = 2048 };

static size_t add_note(unsigned char *notes, uint32_t type, const void *data, size_t bytes)
{
    Elf64_Nhdr note = {5, (uint32_t)bytes, type};
    memcpy(notes, &note, sizeof note);
    memcpy(notes + sizeof note, "CORE\0\0\0", 8);
    memcpy(notes + sizeof note + 8, data, bytes);
    return sizeof note + 8 + (bytes + 3) / 4 * 4;
}

static size_t make_notes(unsigned char *notes, const struct reader_snapshot *snapshot)
{
    struct elf_prpsinfo program = {.pr_pid = snapshot->pid, .pr_psargs = "a program"};
    struct elf_prstatus thread = {.pr_pid = snapshot->pid};
    uint64_t auxiliary[] = {AT_PAGESZ, 4096, AT_NULL, 0};
    struct {
        uint64_t count, page_bytes, start, end, offset;
        char name[8];
    } files = {1, 4096, 4096, 8192, 0, "/file"};
    size_t used = add_note(notes, NT_PRPSINFO, &program, sizeof program);
    used += add_note(notes + used, NT_PRSTATUS, &thread, sizeof thread);
    used += add_note(notes + used, NT_AUXV, auxiliary, sizeof auxiliary);
    return used + add_note(notes + used, NT_FILE, &files, sizeof files);
}

static struct reader_metadata part_of(struct reader *reader, const struct reader_snapshot *snapshot, int part)
{
    struct image_header image = {0};
    if (part < READER_METADATA_KINDS)
        return snapshot->metadata[part];
    source_read(reader, reader->image, &image, sizeof image);
    uint64_t start = image.guard_first_slot;
    return (struct reader_metadata){.start = start,
                                    .end = start + (start ? image.guard_slots * image.guard_slot_bytes : 0)};
}

int main(int argc, char **argv)
{
    char error[READER_ERROR_BYTES];
    unsigned char notes[NOTE_BYTES] = {0};
    struct reader *reader = argc == 3 ? reader_open(argv[1], error) : NULL;
    struct reader_snapshot *snapshot = reader ? reader_snapshot(reader, READER_HEAP, error) : NULL;
    FILE *file = snapshot ? fopen(argv[2], "wb") : NULL;
    if (!file) {
        fprintf(stderr, "%s\n", argc == 3 ? error : "usage: make_core PID FILE");
        return 1;
    }
    Elf64_Ehdr header = {.e_type = ET_CORE,
                         .e_machine = EM_X86_64,
                         .e_version = EV_CURRENT,
                         .e_phoff = sizeof header,
                         .e_ehsize = sizeof header,
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_phnum = SEGMENTS};
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    Elf64_Phdr segments[SEGMENTS] = {{.p_type = PT_NOTE, .p_offset = sizeof header + sizeof segments}};
    segments[0].p_filesz = make_notes(notes, snapshot);
    uint64_t offset = segments[0].p_offset + segments[0].p_filesz;
    for (int part = 0; part < PARTS; part++) {
        struct reader_metadata at = part_of(reader, snapshot, part);
        segments[part + 1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                          .p_flags = PF_R | PF_W,
                                          .p_offset = offset,
                                          .p_vaddr = at.start,
                                          .p_filesz = at.end - at.start,
                                          .p_memsz = at.end - at.start};
        offset += at.end - at.start;
    }
    segments[SEGMENTS - 1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                          .p_flags = PF_R | PF_W,
                                          .p_vaddr = snapshot->base,
                                          .p_memsz = snapshot->units << READER_UNIT_LOG2};
    fwrite(&header, sizeof header, 1, file);
    fwrite(segments, sizeof segments, 1, file);
    fwrite(notes, segments[0].p_filesz, 1, file);
    for (int part = 0; part < PARTS; part++) {
        size_t bytes = (size_t)segments[part + 1].p_filesz;
        char *copy = malloc(bytes + 1);
        if (!copy)
            return 1;
        source_read(reader, segments[part + 1].p_vaddr, copy, bytes);
        fwrite(copy, bytes, 1, file);
        free(copy);
    }
    reader_snapshot_free(snapshot);
    reader_close(reader);
    return fclose(file) == 0 ? 0 : 1;
}
