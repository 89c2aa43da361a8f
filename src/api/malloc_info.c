/* malloc_info.c - malloc_info: the state of the heap in glibc's XML, as far as its words fit. The process
 * is one heap; "fast" are blocks in caches, "rest" is free in slabs; sizes are size classes. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>

#include "api/api.h"
#include "api/census.h"
#include "hakmem.h"

struct free_sizes {
    size_t blocks[SIZE_CLASSES];
};

static bool add_slab(const struct census_entry *entry, void *argument)
{
    struct free_sizes *sizes = argument;
    if (entry->size_class < SIZE_CLASSES)
        sizes->blocks[entry->size_class] += census_free_blocks(entry);
    return true;
}

/* In glibc's way: sizes above the class below, up to the class's own. Returns the bytes of all. */
static size_t print_sizes(FILE *stream, const struct free_sizes *sizes, size_t *blocks)
{
    size_t bytes = 0;
    *blocks = 0;
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        if (!sizes->blocks[c])
            continue;
        size_t of_class = sizes->blocks[c] * class_size(c);
        fprintf(stream, "  <size from=\"%zu\" to=\"%zu\" total=\"%zu\" count=\"%zu\"/>\n",
                c ? class_size(c - 1) + 1 : 1, class_size(c), of_class, sizes->blocks[c]);
        bytes += of_class;
        *blocks += sizes->blocks[c];
    }
    return bytes;
}

static void print_totals(FILE *stream, const struct hakmem_stats *stats, size_t blocks, size_t bytes)
{
    fprintf(stream,
            "<total type=\"fast\" count=\"0\" size=\"%zu\"/>\n<total type=\"rest\" count=\"%zu\" "
            "size=\"%zu\"/>\n",
            (size_t)stats->cached_bytes, blocks, bytes);
}

static void print_system(FILE *stream, const struct hakmem_stats *stats)
{
    size_t mapped = stats->mapped_bytes;
    fprintf(stream,
            "<system type=\"current\" size=\"%zu\"/>\n<system type=\"max\" size=\"%zu\"/>\n"
            "<aspace type=\"total\" size=\"%zu\"/>\n<aspace type=\"mprotect\" size=\"%zu\"/>\n",
            mapped, mapped, mapped, mapped);
}

EXPORT int malloc_info(int options_zero, FILE *stream)
{
    struct hakmem_stats stats;
    struct free_sizes sizes = {{0}};
    size_t blocks;
    if (options_zero != 0)
        return EINVAL;
    hakmem_stats_read(&stats, sizeof stats);
    census_visit(add_slab, &sizes);
    fputs("<malloc version=\"1\">\n<heap nr=\"0\">\n<sizes>\n", stream);
    size_t bytes = print_sizes(stream, &sizes, &blocks);
    fputs("</sizes>\n", stream);
    print_totals(stream, &stats, blocks, bytes);
    print_system(stream, &stats);
    fputs("</heap>\n", stream);
    print_totals(stream, &stats, blocks, bytes);
    fputs("<total type=\"mmap\" count=\"0\" size=\"0\"/>\n", stream);
    print_system(stream, &stats);
    fputs("</malloc>\n", stream);
    return ferror(stream) ? -1 : 0;
}
