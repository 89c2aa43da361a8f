/* symbols.c - by libdw of elfutils, which also finds debug information that lies in files of its own. */
#include "symbols.h"

#include <elfutils/libdwfl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILES_MAX = 512 };

struct symbols {
    Dwfl *dwfl;
    size_t count;
    struct {
        char *path;
        Dwfl_Module *module; /* NULL: not an ELF file */
    } files[FILES_MAX];
};

static const Dwfl_Callbacks callbacks = {
    .find_elf = dwfl_build_id_find_elf,
    .find_debuginfo = dwfl_standard_find_debuginfo,
    .section_address = dwfl_offline_section_address,
};

struct symbols *symbols_open(void)
{
    struct symbols *symbols = memory_resize(NULL, 1, sizeof *symbols);
    *symbols = (struct symbols){.dwfl = dwfl_begin(&callbacks)};
    return symbols;
}

void symbols_close(struct symbols *symbols)
{
    if (!symbols)
        return;
    for (size_t i = 0; i < symbols->count; i++)
        free(symbols->files[i].path);
    dwfl_end(symbols->dwfl);
    free(symbols);
}

static Dwfl_Module *module_of(struct symbols *symbols, const char *path)
{
    for (size_t i = 0; i < symbols->count; i++)
        if (strcmp(symbols->files[i].path, path) == 0)
            return symbols->files[i].module;
    if (symbols->count == FILES_MAX || access(path, R_OK) != 0)
        return NULL;
    dwfl_report_begin_add(symbols->dwfl);
    Dwfl_Module *module = dwfl_report_offline(symbols->dwfl, path, path, -1);
    dwfl_report_end(symbols->dwfl, NULL, NULL);
    symbols->files[symbols->count].path = text_copy(path);
    symbols->files[symbols->count++].module = module;
    return module;
}

/* The address that the first byte of the file has where libdw put the module. */
static bool first_byte(Dwfl_Module *module, uint64_t *address)
{
    GElf_Addr bias;
    Elf *elf = dwfl_module_getelf(module, &bias);
    size_t count;
    if (!elf || elf_getphdrnum(elf, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr header;
        if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_LOAD)
            continue;
        *address = bias + header.p_vaddr - header.p_offset;
        return true;
    }
    return false;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool symbols_add(struct symbols *symbols, const char *path, uint64_t offset, struct text *text)
{
    Dwfl_Module *module = module_of(symbols, path);
    uint64_t address;
    if (!module || !first_byte(module, &address))
        return false;
    address += offset;
    const char *function = dwfl_module_addrname(module, address);
    Dwfl_Line *line = dwfl_module_getsrc(module, address);
    int number = 0;
    const char *file = line ? dwfl_lineinfo(line, NULL, &number, NULL, NULL, NULL) : NULL;
    if (!function && !file)
        return false;
    text_add(text, "%s", function ? function : "?");
    if (file)
        text_add(text, " (%s:%d)", last_part(file), number);
    return true;
}
