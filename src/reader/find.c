/* find.c - the image: where its header is, and whether it is one that this reader knows. */
#include <stdlib.h>
#include <string.h>

#include "heap/depot.h"
#include "heap/heap.h"
#include "pool/superslab.h"
#include "reader/source.h"

enum {
    SCAN_STEP_BYTES = 1 << 20,
    SCAN_RANGE_MOST_BYTES = 64 << 20, /* the header lies behind the SuperSlab records, 64 bytes each 2 MiB */
    CELLS_MOST = 1 << 18,             /* 2 GiB of heaps */
};

#define SCAN_MOST_BYTES ((uint64_t)4 << 30)
#define UNITS_MOST ((uint64_t)1 << 26) /* 4 TiB */
#define ADDRESS_MOST ((uint64_t)1 << 56)

/* ---- validation */

static bool records_match(const struct image_header *image)
{
    bool heaps = !image->newest_heap || (image->heap_bytes == sizeof(struct heap) &&
                                         image->heap_bins_bytes == sizeof(struct heap_bins) &&
                                         image->magazine_bytes == sizeof(struct magazine));
    bool depot = !image->depot ||
                 (image->depot_shard_bytes == sizeof(struct depot_shard) && image->depot_shards <= 4096);
    return heaps && depot && image->header_bytes == sizeof *image && image->unit_log2 == UNIT_LOG2 &&
           image->size_classes == SIZE_CLASSES && image->superslab_record_bytes == SUPERSLAB_RECORD_BYTES &&
           image->slab_record_bytes == SLAB_RECORD_BYTES && image->slab_map_bytes == SLAB_MAP_BYTES &&
           image->cell_bytes == CELL_BYTES && image->superslab_units == SUPERSLAB_UNITS;
}

static bool is_address(uint64_t address)
{
    return address >= 4096 && address < ADDRESS_MOST;
}

static bool bounds_hold(const struct reader *reader, const struct image_header *image)
{
    uint64_t superslabs = (image->units + SUPERSLAB_UNITS - 1) / SUPERSLAB_UNITS;
    if (image->units > UNITS_MOST || image->remote_units > UNITS_MOST || image->cells_used > CELLS_MOST)
        return false;
    if (!is_address(image->base) || image->base % SUPERSLAB_BYTES || !is_address(image->tags) ||
        !is_address(image->slabs) || !is_address(image->cells) || !is_address(image->superslabs) ||
        !is_address(image->remote_maps) || image->cells % 4096)
        return false;
    if (superslabs * SUPERSLAB_RECORD_BYTES > image->superslabs ||
        image->cells_used * CELL_BYTES > image->cells)
        return false;
    return source_has(reader, image->tags, image->units * sizeof(uint32_t)) &&
           source_is_mapped(reader, image->superslabs - superslabs * SUPERSLAB_RECORD_BYTES,
                            superslabs * SUPERSLAB_RECORD_BYTES) &&
           source_has(reader, image->cells - image->cells_used * CELL_BYTES,
                      image->cells_used * CELL_BYTES) &&
           source_is_mapped(reader, image->slabs, superslabs * SLAB_META_BYTES) &&
           (image->units == 0 ||
            source_is_mapped(reader, image->remote_maps,
                             size_min(image->remote_units, image->units) * SLAB_MAP_BYTES));
}

static const char *where(const struct reader *reader)
{
    return reader->kind == READER_PROCESS ? "process" : "core file";
}

static bool is_supported(const struct reader *reader, struct image_header *image,
                         char error[READER_ERROR_BYTES])
{
    if (memcmp(image->magic, IMAGE_MAGIC, sizeof image->magic) != 0)
        return reader_fail(error, "HAKMEM's image in this %s is gone or overwritten", where(reader)) != NULL;
    if (image->version != IMAGE_VERSION)
        return reader_fail(
                   error,
                   "the HAKMEM in this %s writes image version %u, and this command reads version %d: "
                   "use the 'hakmem' of that release",
                   where(reader), image->version, IMAGE_VERSION) != NULL;
    image->library[IMAGE_LIBRARY_BYTES - 1] = '\0';
    if (!records_match(image))
        return reader_fail(error,
                           "the HAKMEM %.15s in this %s was built with other constants or from another "
                           "revision: use the 'hakmem' of that build",
                           image->library, where(reader)) != NULL;
    return true;
}

bool image_read(struct reader *reader, struct image_header *image, char error[READER_ERROR_BYTES])
{
    if (source_read(reader, reader->image, image, sizeof *image) == sizeof *image) {
        reader_fail(error, "the %s cannot be read any more: it has ended", where(reader));
        return false;
    }
    if (!is_supported(reader, image, error))
        return false;
    if (!bounds_hold(reader, image)) {
        reader_fail(error, "HAKMEM's image in this %s is corrupt: it speaks of memory that is not there",
                    where(reader));
        return false;
    }
    return true;
}

/* ---- search */

static bool header_at(struct reader *reader, uint64_t address)
{
    char magic[sizeof((struct image_header *)0)->magic];
    return source_read(reader, address, magic, sizeof magic) == 0 &&
           memcmp(magic, IMAGE_MAGIC, sizeof magic) == 0;
}

static bool find_named(struct reader *reader)
{
    for (size_t i = 0; i < reader->ranges.count; i++) {
        const struct source_range *range = &reader->ranges.item[i];
        if (strcmp(range->name, "[anon:" IMAGE_MAPPING_NAME "]") == 0 &&
            header_at(reader, range->start + IMAGE_OFFSET_BYTES)) {
            reader->image = range->start + IMAGE_OFFSET_BYTES;
            return true;
        }
    }
    return false;
}

/* Looks at each page of a part of a process: only eight bytes of each are copied. */
static uint64_t scan_step(struct reader *reader, uint64_t start, uint64_t bytes)
{
    enum { MAGIC = 8, PAGES = SCAN_STEP_BYTES / 4096 };
    static const size_t magic_bytes = MAGIC;
    char magic[PAGES][MAGIC];
    struct source_piece pieces[PAGES] = {{0}};
    size_t count = 0;
    for (uint64_t at = start; at < start + bytes && count < PAGES; at += 4096, count++)
        pieces[count] = (struct source_piece){at + IMAGE_OFFSET_BYTES, magic[count], magic_bytes};
    source_read_many(reader, pieces, count);
    for (size_t i = 0; i < count; i++)
        if (memcmp(magic[i], IMAGE_MAGIC, magic_bytes) == 0)
            return pieces[i].address;
    return 0;
}

static bool scan_range(struct reader *reader, const struct source_range *range, uint64_t *left_bytes)
{
    uint64_t most = size_min(range->end - range->start, SCAN_RANGE_MOST_BYTES);
    if (reader->kind == READER_CORE)
        most = size_min(most, range->file_bytes);
    most = size_min(most, *left_bytes);
    *left_bytes -= most;
    for (uint64_t at = 0; at < most; at += SCAN_STEP_BYTES) {
        uint64_t found = scan_step(reader, range->start + at, size_min(most - at, SCAN_STEP_BYTES));
        if (found) {
            reader->image = found;
            return true;
        }
    }
    return false;
}

static bool find_by_magic(struct reader *reader)
{
    uint64_t left_bytes = SCAN_MOST_BYTES;
    for (size_t i = 0; i < reader->ranges.count; i++) {
        const struct source_range *range = &reader->ranges.item[i];
        bool candidate = range->readable && range->writable && range->anonymous && !range->shared;
        if (candidate && scan_range(reader, range, &left_bytes))
            return true;
    }
    return false;
}

static bool has_library(const struct reader *reader)
{
    for (size_t i = 0; i < reader->ranges.count; i++)
        if (strstr(reader->ranges.item[i].name, "/libhakmem.so"))
            return true;
    return false;
}

bool image_find(struct reader *reader, char error[READER_ERROR_BYTES])
{
    struct image_header image;
    if (find_named(reader) || find_by_magic(reader))
        return image_read(reader, &image, error);
    if (has_library(reader))
        reader_fail(
            error,
            "HAKMEM is loaded in this %s but has served no memory: the program has a malloc of its own, "
            "or has not allocated yet ('hakmem doctor' tells more)",
            where(reader));
    else if (reader->kind == READER_PROCESS)
        reader_fail(error, "process %d does not run HAKMEM: start it with 'hakmem run -- PROGRAM'",
                    reader->pid);
    else
        reader_fail(error,
                    "there is no HAKMEM heap in this core file: the program did not run HAKMEM, or private "
                    "memory was left out (see /proc/PID/coredump_filter)");
    return false;
}
