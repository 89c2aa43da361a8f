/* objects.c - looks a name up as the loader does, but in each object by itself: dlsym() tells the first only,
 * and an object may bind its own calls to its own function, which then is called though it is not the first.
 */
#include "os/objects.h"

#include <link.h>
#include <string.h>

typedef ElfW(Addr) elf_address;
typedef ElfW(Dyn) elf_dynamic;
typedef ElfW(Sym) elf_symbol;
typedef struct dl_phdr_info elf_object;

/* What an object says of its symbols. */
struct symbols {
    const elf_symbol *symbol;
    const char *names, *object_name; /* the name it was linked under, or NULL */
    const uint32_t *hash;            /* DT_GNU_HASH */
};

/* glibc relocates the addresses of the dynamic section; musl does not, and the vDSO's are not. */
static const void *located(const elf_object *object, elf_address address)
{
    return (const void *)(address < object->dlpi_addr ? address + object->dlpi_addr : address);
}

static const elf_dynamic *dynamic_of(const elf_object *object)
{
    for (size_t i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_DYNAMIC)
            return (const elf_dynamic *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
    return NULL;
}

static bool symbols_of(const elf_object *object, struct symbols *symbols)
{
    ElfW(Word) object_name = 0;
    const elf_dynamic *dynamic = dynamic_of(object);
    *symbols = (struct symbols){0};
    for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++)
        switch (dynamic->d_tag) {
        case DT_SYMTAB: symbols->symbol = located(object, dynamic->d_un.d_ptr); break;
        case DT_STRTAB: symbols->names = located(object, dynamic->d_un.d_ptr); break;
        case DT_GNU_HASH: symbols->hash = located(object, dynamic->d_un.d_ptr); break;
        case DT_SONAME: object_name = (ElfW(Word))dynamic->d_un.d_val; break;
        }
    if (symbols->names && object_name)
        symbols->object_name = symbols->names + object_name;
    return symbols->symbol && symbols->names && symbols->hash;
}

/* The hash of GNU's tables, which is Bernstein's. */
static uint32_t hash_of(const char *name)
{
    uint32_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

/* The table: the numbers of buckets, of the first symbol that is hashed and of words of the filter, a shift;
 * the filter; for each bucket its first symbol; for each symbol its hash, bit 0 set at a bucket's last. */
static bool exports(const struct symbols *symbols, const char *function)
{
    uint32_t buckets = symbols->hash[0], first = symbols->hash[1], filter_words = symbols->hash[2];
    const uint32_t *bucket = symbols->hash + 4 + filter_words * (sizeof(elf_address) / sizeof(uint32_t));
    const uint32_t *chain = bucket + buckets;
    uint32_t hash = hash_of(function), i = buckets ? bucket[hash % buckets] : 0;
    if (i < first)
        return false;
    for (;; i++) {
        const elf_symbol *symbol = &symbols->symbol[i];
        if ((chain[i - first] | 1) == (hash | 1) && symbol->st_shndx != SHN_UNDEF &&
            !strcmp(symbols->names + symbol->st_name, function))
            return true;
        if (chain[i - first] & 1)
            return false;
    }
}

static bool holds(const elf_object *object, uintptr_t address)
{
    for (size_t i = 0; i < object->dlpi_phnum; i++)
        if (object->dlpi_phdr[i].p_type == PT_LOAD &&
            address - (object->dlpi_addr + object->dlpi_phdr[i].p_vaddr) < object->dlpi_phdr[i].p_memsz)
            return true;
    return false;
}

/* libstdc++.so.6, libc++.so.1, libc++abi.so.1: their calls of these operators are everybody's. */
static bool is_runtime(const char *object_name)
{
    return object_name && (!strncmp(object_name, "libstdc++.so", 12) || !strncmp(object_name, "libc++", 6));
}

struct search {
    const char *function;
    char *name;
};

static int look(elf_object *object, size_t bytes, void *argument)
{
    struct search *search = argument;
    struct symbols symbols;
    (void)bytes;
    if (holds(object, (uintptr_t)look) || !symbols_of(object, &symbols) || is_runtime(symbols.object_name) ||
        !exports(&symbols, search->function))
        return 0;
    size_t length = strlen(object->dlpi_name);
    const char *end = object->dlpi_name + (length < OBJECT_NAME_BYTES ? 0 : length - OBJECT_NAME_BYTES + 1);
    strcpy(search->name, end);
    return 1;
}

bool objects_other_with(const char *function, char name[OBJECT_NAME_BYTES])
{
    struct search search = {.function = function, .name = name};
    return dl_iterate_phdr(look, &search);
}
