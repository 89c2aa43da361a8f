/* doctor_symbols.c - whose malloc each object of a process calls.
 *
 * The dynamic linker writes into each object where its calls of malloc and its kin go (the slots of
 * relocations). These are read from the process; the object that they lead into is HAKMEM, or defines
 * the name itself and serves those calls in HAKMEM's place, or neither: then the call was not made yet, or
 * goes through a stub. ELF files are read with libelf, by way of the process's own root directory. */
#define _GNU_SOURCE 1

#include "doctor.h"

#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SAID_MOST = 4, PATH_MOST_BYTES = 4200 };

/* The names that matter. Those from FIRST_OPERATOR on may well be a program's own, as they call malloc in
 * the end; so may those that only few libraries offer. */
static const char *const names[] = {
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
enum { NAMES = sizeof names / sizeof names[0], FIRST_OPERATOR = 11 };
_Static_assert(NAMES < 64, "a bit for each name, and one more");

static const uint64_t malloc_names = (UINT64_C(1) << FIRST_OPERATOR) - 1, malloc_and_free = 3;

/* Allocators that hide in a program under names of their own. */
static const struct {
    const char *symbol, *name;
} hidden[] = {
    {"je_malloc", "jemalloc"}, {"_rjem_malloc", "jemalloc"}, {"mi_malloc", "mimalloc"},
    {"tc_malloc", "tcmalloc"}, {"rpmalloc", "rpmalloc"},     {"sn_malloc", "snmalloc"},
};

struct slot {
    uint64_t address; /* in the process */
    unsigned name;
};

struct object {
    const struct doctor_mapping *first; /* its first mapping, of the file's start */
    uint64_t end;                       /* of its last one */
    uint64_t bias;                      /* of its addresses */
    uint64_t defined;                   /* a bit for each of the names that it defines for others */
    bool read;                          /* its file could be read */
    bool is_home;                       /* HAKMEM is in it */
    bool is_program;
    const char *hides; /* an allocator in it under other names; NULL: none */
    struct slot *slots;
    size_t slot_count;
};

struct objects {
    const struct target *target;
    struct object *item;
    size_t count;
};

/* ---- reading one object's file */

static unsigned name_number(const char *name)
{
    for (unsigned i = 0; name && i < NAMES; i++)
        if (strcmp(names[i], name) == 0)
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

static void find_objects(struct objects *objects)
{
    const struct target *target = objects->target;
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
}

static const struct object *object_at(const struct objects *objects, uint64_t address)
{
    for (size_t i = 0; i < objects->count; i++)
        if (address >= objects->item[i].first->start && address < objects->item[i].end)
            return &objects->item[i];
    return NULL;
}

/* ---- where calls lead */

/* Objects whose calls of malloc lead to one that is not HAKMEM. */
struct diversion {
    const struct object *to;
    unsigned name; /* one that they call */
    size_t count;  /* objects that do */
    struct text from;
};

struct tally {
    size_t here, open;               /* slots that lead to HAKMEM; and nowhere yet */
    const struct object *serves_new; /* whose operator new or delete is not HAKMEM's; NULL: nobody's */
    struct diversion *diversions;
    size_t diversion_count;
};

static bool slot_read(const struct target *target, const struct slot *slot, uint64_t *leads_to)
{
    struct iovec local = {leads_to, sizeof *leads_to},
                 remote = {(void *)(uintptr_t)slot->address, sizeof *leads_to};
    return process_vm_readv(target->pid, &local, 1, &remote, 1, 0) == (ssize_t)sizeof *leads_to;
}

static bool defines(const struct object *object, unsigned name)
{
    return object->defined >> name & 1;
}

static struct diversion *diversion_to(struct tally *tally, const struct object *to, unsigned name)
{
    for (size_t i = 0; i < tally->diversion_count; i++)
        if (tally->diversions[i].to == to)
            return &tally->diversions[i];
    tally->diversions = memory_resize(tally->diversions, tally->diversion_count + 1,
                                      sizeof *tally->diversions);
    struct diversion *diversion = &tally->diversions[tally->diversion_count++];
    *diversion = (struct diversion){.to = to, .name = name};
    return diversion;
}

static void note_diversion(struct tally *tally, const struct object *from, const struct object *to,
                           unsigned name)
{
    struct diversion *diversion = diversion_to(tally, to, name);
    if (++diversion->count <= SAID_MOST)
        text_add(&diversion->from, "%s%s", diversion->count > 1 ? ", " : "", path_base(from->first->path));
}

/* An allocator calls itself, and that is all right if nobody else does. */
static void follow_slots(const struct objects *objects, const struct object *from, struct tally *tally)
{
    bool noted = false;
    for (size_t i = 0; i < from->slot_count; i++) {
        uint64_t leads_to;
        unsigned name = from->slots[i].name;
        if (!slot_read(objects->target, &from->slots[i], &leads_to))
            continue;
        const struct object *to = object_at(objects, leads_to);
        if (to && to->is_home) {
            tally->here++;
        } else if (!to || !defines(to, name)) {
            tally->open++;
        } else if (name >= FIRST_OPERATOR) {
            tally->serves_new = to;
        } else if (!noted && to != from) {
            note_diversion(tally, from, to, name);
            noted = true;
        }
    }
}

/* ---- what to say */

static void say_diversion(const struct diversion *diversion, struct findings *findings)
{
    const struct object *to = diversion->to;
    const char *why =
        "that library comes before HAKMEM: leave it out of LD_PRELOAD, or link the program without it";
    char others[48] = "";
    if (to->is_program)
        why = "the program's own allocator comes before HAKMEM";
    else if (strncmp(path_base(to->first->path), "libc.", 5) == 0)
        why = "opened with RTLD_DEEPBIND or dlmopen, or linked with -Bsymbolic";
    if (diversion->count > SAID_MOST)
        snprintf(others, sizeof others, " and %zu others", diversion->count - SAID_MOST);
    finding_add(findings, FINDING_PROBLEM, "symbols", "%s%s call%s %s of %s, not HAKMEM's: %s",
                diversion->from.data, others, diversion->count == 1 ? "s" : "", names[diversion->name],
                path_base(to->first->path), why);
}

static void say_own(const struct object *object, struct findings *findings)
{
    if (object->is_home)
        return;
    if (object->is_program && object->defined & malloc_and_free)
        finding_add(findings, FINDING_PROBLEM, "symbols",
                    "%s defines malloc itself: its own allocator serves it, and HAKMEM is idle there",
                    object->first->path);
    else if (object->hides && !(object->defined & malloc_names))
        finding_add(findings, FINDING_NOTE, "symbols",
                    "%s has %s inside under other names: what it allocates so is not HAKMEM's",
                    object->first->path, object->hides);
}

static bool program_serves_itself(const struct objects *objects)
{
    for (size_t i = 0; i < objects->count; i++)
        if (objects->item[i].is_program && !objects->item[i].is_home &&
            objects->item[i].defined & malloc_and_free)
            return true;
    return false;
}

static void say_tally(const struct objects *objects, const struct tally *tally, bool all_here,
                      struct findings *findings)
{
    for (size_t i = 0; i < tally->diversion_count; i++)
        say_diversion(&tally->diversions[i], findings);
    if (tally->serves_new && !tally->diversion_count)
        finding_add(findings, FINDING_NOTE, "symbols",
                    "operator new or delete is %s's own: served by HAKMEM as far as it calls malloc",
                    path_base(tally->serves_new->first->path));
    if (all_here)
        finding_add(findings, FINDING_OK, "symbols",
                    "malloc, free and their kin lead to HAKMEM in all of %zu objects (%zu bindings%s)",
                    objects->count, tally->here, tally->open ? "; others were not needed yet" : "");
}

static void say_unread(const struct objects *objects, struct findings *findings)
{
    size_t unread = 0;
    const struct object *first = NULL;
    for (size_t i = 0; i < objects->count; i++)
        if (!objects->item[i].read && !objects->item[i].is_home && unread++ == 0)
            first = &objects->item[i];
    if (first)
        finding_add(findings, FINDING_NOTE, "symbols",
                    "%zu file%s could not be read, %s among them: deleted, or "
                    "replaced since",
                    unread, unread == 1 ? "" : "s", first->first->path);
}

static void objects_free(struct objects *objects)
{
    for (size_t i = 0; i < objects->count; i++)
        free(objects->item[i].slots);
    free(objects->item);
}

static void tally_free(struct tally *tally)
{
    for (size_t i = 0; i < tally->diversion_count; i++)
        text_free(&tally->diversions[i].from);
    free(tally->diversions);
}

void check_symbols(struct target *target, struct findings *findings)
{
    struct objects objects = {.target = target};
    struct tally tally = {0};
    if (!target->library && !target->reader)
        return;
    elf_version(EV_CURRENT);
    find_objects(&objects);
    for (size_t i = 0; i < objects.count; i++) {
        say_own(&objects.item[i], findings);
        if (!objects.item[i].is_home)
            follow_slots(&objects, &objects.item[i], &tally);
    }
    target->all_here = tally.diversion_count == 0 && !program_serves_itself(&objects);
    say_tally(&objects, &tally, target->all_here, findings);
    say_unread(&objects, findings);
    tally_free(&tally);
    objects_free(&objects);
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
