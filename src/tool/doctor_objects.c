/* doctor_objects.c - the programs and libraries in a process, by libelf. Files are opened by way of the
 * process's own root directory. */
#define _GNU_SOURCE 1

#include "doctor_objects.h"

#include "text.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_MOST_BYTES = 4200 };

const char *const symbol_names[NAMES] = {
    "malloc",
    "free",
    "calloc",
    "realloc",
    "memalign",
    "posix_memalign",
    "aligned_alloc",
    "valloc",
    "pvalloc",
    "malloc_usable_size",
    "reallocarray",
    "_Znwm",
    "_Znam",
    "_ZdlPv",
    "_ZdaPv",
    "_ZdlPvm",
    "_ZdaPvm",
    "_ZnwmRKSt9nothrow_t",
    "_ZnamRKSt9nothrow_t",
    "_ZnwmSt11align_val_t",
    "_ZnamSt11align_val_t",
    "_ZdlPvSt11align_val_t",
    "_ZdaPvSt11align_val_t",
    "_ZdlPvmSt11align_val_t",
    "_ZdaPvmSt11align_val_t",
};
_Static_assert(NAMES <= 64, "a bit for each name");

/* Allocators that hide in a program under names of their own. */
static const struct {
    const char *symbol, *name;
} hidden[] = {
    {"je_malloc", "jemalloc"}, {"_rjem_malloc", "jemalloc"}, {"mi_malloc", "mimalloc"},
    {"tc_malloc", "tcmalloc"}, {"rpmalloc", "rpmalloc"},     {"sn_malloc", "snmalloc"},
};

/* ---- reading one object's file */

static unsigned name_number(const char *name)
{
    for (unsigned i = 0; name && i < NAMES; i++)
        if (strcmp(symbol_names[i], name) == 0)
            return i;
    return NAMES;
}

/* Deleted files can be had from map_files, with the rights for it. */
static int object_open(const struct target *target, const struct doctor_mapping *mapping)
{
    char path[PATH_MOST_BYTES];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/root%s", target->pid, mapping->path);
    int file = mapping->deleted ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file >= 0 && fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_ino == mapping->inode)
        return file;
    if (file >= 0)
        close(file);
    snprintf(path, sizeof path, "/proc/%d/map_files/%llx-%llx", target->pid,
             (unsigned long long)mapping->start, (unsigned long long)mapping->end);
    return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

static void note_symbol(struct object *object, const char *name, const GElf_Sym *symbol)
{
    unsigned number = name_number(name);
    int binding = GELF_ST_BIND(symbol->st_info);
    if (symbol->st_shndx == SHN_UNDEF || !name)
        return;
    if (number < NAMES && (binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE))
        object->defined |= UINT64_C(1) << number;
    if (strcmp(name, "hakmem_version") == 0)
        object->is_home = true;
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        if (strcmp(name, hidden[i].symbol) == 0)
            object->hides = hidden[i].name;
}

static void read_symbols(struct object *object, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
    for (size_t i = 0; data && i < count && i < INT32_MAX; i++) {
        GElf_Sym symbol;
        if (gelf_getsym(data, (int)i, &symbol))
            note_symbol(object, elf_strptr(elf, header->sh_link, symbol.st_name), &symbol);
    }
}

static void note_slot(struct object *object, uint64_t offset, unsigned name)
{
    object->slots = memory_resize(object->slots, object->slot_count + 1, sizeof *object->slots);
    object->slots[object->slot_count++] = (struct slot){object->bias + offset, name};
}

/* Those of whole words that hold a name's address and nothing else: of calls, and of pointers. */
static void read_relocations(struct object *object, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
    GElf_Shdr symbols_header;
    Elf_Scn *symbols = elf_getscn(elf, header->sh_link);
    Elf_Data *data = elf_getdata(section, NULL), *symbol_data = symbols ? elf_getdata(symbols, NULL) : NULL;
    size_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
    if (!data || !symbol_data || !gelf_getshdr(symbols, &symbols_header))
        return;
    for (size_t i = 0; i < count && i < INT32_MAX; i++) {
        GElf_Rela entry;
        GElf_Sym symbol;
        if (!gelf_getrela(data, (int)i, &entry) || entry.r_addend != 0 ||
            !gelf_getsym(symbol_data, (int)GELF_R_SYM(entry.r_info), &symbol))
            continue;
        unsigned name = name_number(elf_strptr(elf, symbols_header.sh_link, symbol.st_name));
        if (name < NAMES)
            note_slot(object, entry.r_offset, name);
    }
}

/* Where the file's first segment lies, in its own addresses. */
static uint64_t lowest_address(Elf *elf)
{
    size_t count = 0;
    elf_getphdrnum(elf, &count);
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD)
            return segment.p_vaddr & ~(segment.p_align ? segment.p_align - 1 : 0);
    }
    return 0;
}

static void read_elf(struct object *object, Elf *elf)
{
    Elf_Scn *section = NULL;
    object->bias = object->first->start - lowest_address(elf);
    while ((section = elf_nextscn(elf, section))) {
        GElf_Shdr header;
        if (!gelf_getshdr(section, &header))
            continue;
        if (header.sh_type == SHT_DYNSYM || header.sh_type == SHT_SYMTAB)
            read_symbols(object, elf, section, &header);
        else if (header.sh_type == SHT_RELA && header.sh_flags & SHF_ALLOC)
            read_relocations(object, elf, section, &header);
    }
}

static void object_read(const struct target *target, struct object *object)
{
    int file = object_open(target, object->first);
    Elf *elf = file >= 0 ? elf_begin(file, ELF_C_READ, NULL) : NULL;
    object->read = elf && elf_kind(elf) == ELF_K_ELF;
    if (object->read)
        read_elf(object, elf);
    if (elf)
        elf_end(elf);
    if (file >= 0)
        close(file);
}

/* ---- all objects */

static void object_add(struct objects *objects, const struct doctor_mapping *mapping)
{
    objects->item = memory_resize(objects->item, objects->count + 1, sizeof *objects->item);
    objects->item[objects->count++] = (struct object){
        .first = mapping,
        .end = mapping->end,
        .is_program = strcmp(mapping->path, objects->target->program) == 0,
        .is_home = objects->target->library && strcmp(mapping->path, objects->target->library) == 0,
    };
}

/* Files that have executable mappings: data files are not of interest. */
static bool has_code(const struct target *target, const struct doctor_mapping *first)
{
    for (const struct doctor_mapping *at = first; at < target->mappings + target->mapping_count; at++) {
        if (at->inode && strcmp(at->path, first->path) != 0)
            break;
        if (at->executable && at->inode)
            return true;
    }
    return false;
}

bool objects_open(struct objects *objects, const struct target *target)
{
    *objects = (struct objects){.target = target};
    elf_version(EV_CURRENT);
    struct object *last = NULL;
    for (size_t i = 0; i < target->mapping_count; i++) {
        const struct doctor_mapping *mapping = &target->mappings[i];
        if (!mapping->inode || mapping->path[0] != '/')
            continue;
        if (last && strcmp(last->first->path, mapping->path) == 0 && mapping->offset != 0) {
            last->end = mapping->end;
        } else if (mapping->offset == 0 && has_code(target, mapping)) {
            object_add(objects, mapping);
            last = &objects->item[objects->count - 1];
        }
    }
    for (size_t i = 0; i < objects->count; i++)
        object_read(target, &objects->item[i]);
    return true;
}

void objects_close(struct objects *objects)
{
    for (size_t i = 0; i < objects->count; i++)
        free(objects->item[i].slots);
    free(objects->item);
}

const struct object *object_at(const struct objects *objects, uint64_t address)
{
    for (size_t i = 0; i < objects->count; i++)
        if (address >= objects->item[i].first->start && address < objects->item[i].end)
            return &objects->item[i];
    return NULL;
}

/* ---- programs */

static void describe_elf(Elf *elf, struct program_facts *facts)
{
    GElf_Ehdr theirs, ours;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    Elf *self = file >= 0 ? elf_begin(file, ELF_C_READ, NULL) : NULL;
    facts->is_elf = gelf_getehdr(elf, &theirs) != NULL;
    facts->is_foreign = facts->is_elf && self && gelf_getehdr(self, &ours) &&
                        (theirs.e_machine != ours.e_machine ||
                         theirs.e_ident[EI_CLASS] != ours.e_ident[EI_CLASS]);
    if (self)
        elf_end(self);
    if (file >= 0)
        close(file);
}

bool program_describe(const char *path, struct program_facts *facts)
{
    *facts = (struct program_facts){false, false};
    elf_version(EV_CURRENT);
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    Elf *elf = file >= 0 ? elf_begin(file, ELF_C_READ, NULL) : NULL;
    if (elf && elf_kind(elf) == ELF_K_ELF)
        describe_elf(elf, facts);
    if (elf)
        elf_end(elf);
    if (file >= 0)
        close(file);
    return elf != NULL;
}
