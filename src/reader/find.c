/* find.c - the image: where its header is, and whether it is one that this reader knows. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heap/depot.h"
#include "heap/guard_slots.h"
#include "heap/heap.h"
#include "pool/superslab.h"
#include "reader/source.h"

enum {
    SCAN_STEP_BYTES = 1 << 20,
    SCAN_RANGE_MOST_BYTES = 64 << 20, /* the header lies behind the SuperSlab records, 64 bytes each 2 MiB */
    CELLS_MOST = 1 << 18,             /* 2 GiB of heaps */
    LISTS_MOST = 16,
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
    bool guards = (!image->guard_first_slot || image->guard_slot_bytes == sizeof(struct guard_slot)) &&
                  (!image->guard_first_places || image->guard_places_bytes == sizeof(struct guard_places));
    return heaps && depot && guards && image->header_bytes == sizeof *image &&
           image->unit_log2 == UNIT_LOG2 && image->size_classes == SIZE_CLASSES &&
           image->superslab_record_bytes == SUPERSLAB_RECORD_BYTES &&
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

/* Reads the header where reader->image says; its bounds are not looked at. */
static bool read_header(struct reader *reader, struct image_header *image, char error[READER_ERROR_BYTES])
{
    if (source_read(reader, reader->image, image, sizeof *image) < sizeof *image)
        return is_supported(reader, image, error);
    if (reader->kind == READER_PROCESS)
        reader_fail(error, "process %d has ended, or runs another program now", reader->pid);
    else
        reader_fail(error, "the core file cannot be read any more");
    return false;
}

static bool fail_bounds(const struct reader *reader, char error[READER_ERROR_BYTES])
{
    reader_fail(error, "HAKMEM's image in this %s is corrupt: it speaks of memory that is not there",
                where(reader));
    return false;
}

bool image_read(struct reader *reader, struct image_header *image, char error[READER_ERROR_BYTES])
{
    if (!read_header(reader, image, error))
        return false;
    if (reader->kind == READER_PROCESS && !process_read_ranges(reader, false))
        return reader_fail(error, "process %d has ended", reader->pid) != NULL;
    return bounds_hold(reader, image) || fail_bounds(reader, error);
}

/* ---- search */

enum { MAGIC_BYTES = sizeof((struct image_header *)0)->magic, STEP_PAGES = SCAN_STEP_BYTES / 4096 };

struct search {
    struct reader *reader;
    int pagemap;         /* of a process; -1: none */
    uint64_t left_bytes; /* that may still be looked at */
    int left_lists;      /* of what is mapped, that may still be read */
    bool seen;           /* there was a header, though none that can be used */
    char *error;         /* what was wrong with it */
};

/* The process may have grown between the list of what is mapped and the header: a list read after the header
 * has all that this speaks of. Only so many are read, whatever a process has that looks like headers. */
static bool bounds_hold_in_newer_list(struct search *search, const struct image_header *image)
{
    struct reader *reader = search->reader;
    if (reader->kind != READER_PROCESS || search->left_lists == 0)
        return false;
    search->left_lists--;
    return process_read_ranges(reader, false) && bounds_hold(reader, image);
}

/* Whether a header that can be used is there. May replace reader->ranges. */
static bool try_header(struct search *search, uint64_t address)
{
    struct image_header image;
    search->reader->image = address;
    search->seen = true;
    return read_header(search->reader, &image, search->error) &&
           (bounds_hold(search->reader, &image) || bounds_hold_in_newer_list(search, &image) ||
            fail_bounds(search->reader, search->error));
}

static bool find_named(struct search *search)
{
    const struct source_ranges *ranges = &search->reader->ranges;
    for (size_t i = 0; i < ranges->count; i++) {
        char magic[MAGIC_BYTES];
        uint64_t address = ranges->item[i].start + IMAGE_OFFSET_BYTES;
        if (strcmp(ranges->item[i].name, "[anon:" IMAGE_MAPPING_NAME "]") == 0 &&
            source_read(search->reader, address, magic, sizeof magic) == 0 &&
            memcmp(magic, IMAGE_MAGIC, sizeof magic) == 0 && try_header(search, address))
            return true;
    }
    return false;
}

/* Which of some pages are there: to look at others would only make the process's page tables grow. */
static void find_present(const struct search *search, uint64_t start, size_t pages, bool *present)
{
    uint64_t entries[STEP_PAGES];
    uint64_t page_bytes = search->reader->page_bytes;
    size_t count = (pages * 4096 + page_bytes - 1) / page_bytes;
    ssize_t got = search->pagemap < 0 ? -1
                                      : pread(search->pagemap, entries, count * sizeof *entries,
                                              (off_t)(start / page_bytes * sizeof *entries));
    for (size_t i = 0; i < pages; i++) {
        size_t entry = i * 4096 / page_bytes;
        present[i] = got < 0 || (entry < (size_t)got / sizeof *entries && entries[entry] >> 63);
    }
}

/* Looks at each page of a part: only eight bytes of each are copied. */
static bool scan_step(struct search *search, uint64_t start, uint64_t bytes)
{
    char magic[STEP_PAGES][MAGIC_BYTES];
    bool present[STEP_PAGES];
    struct source_piece pieces[STEP_PAGES] = {{0}};
    size_t count = 0, pages = (size_t)(bytes + 4095) / 4096;
    find_present(search, start, pages, present);
    for (size_t i = 0; i < pages; i++)
        if (present[i]) {
            pieces[count] = (struct source_piece){start + i * 4096 + IMAGE_OFFSET_BYTES, magic[count],
                                                  MAGIC_BYTES};
            count++;
        }
    source_read_many(search->reader, pieces, count);
    for (size_t i = 0; i < count; i++)
        if (memcmp(magic[i], IMAGE_MAGIC, MAGIC_BYTES) == 0 && try_header(search, pieces[i].address))
            return true;
    return false;
}

static bool scan_range(struct search *search, struct source_range range)
{
    uint64_t most = size_min(range.end - range.start, SCAN_RANGE_MOST_BYTES);
    if (search->reader->kind == READER_CORE)
        most = size_min(most, range.file_bytes);
    most = size_min(most, search->left_bytes);
    search->left_bytes -= most;
    for (uint64_t at = 0; at < most; at += SCAN_STEP_BYTES)
        if (scan_step(search, range.start + at, size_min(most - at, SCAN_STEP_BYTES)))
            return true;
    return false;
}

static bool find_by_magic(struct search *search)
{
    const struct source_ranges *ranges = &search->reader->ranges;
    for (size_t i = 0; i < ranges->count; i++) {
        const struct source_range *range = &ranges->item[i];
        bool candidate = range->readable && range->writable && range->anonymous && !range->shared;
        if (candidate && scan_range(search, *range))
            return true;
    }
    return false;
}

static int open_pagemap(const struct reader *reader)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/pagemap", reader->pid);
    return reader->kind == READER_PROCESS ? open(path, O_RDONLY | O_CLOEXEC) : -1;
}

/* Finds a header that can be used; *seen: there was one, and `error` tells what is wrong with it. */
static bool find_header(struct reader *reader, bool *seen, char error[READER_ERROR_BYTES])
{
    struct search search = {
        .reader = reader, .left_bytes = SCAN_MOST_BYTES, .left_lists = LISTS_MOST, .error = error};
    search.pagemap = open_pagemap(reader);
    bool found = find_named(&search) || find_by_magic(&search);
    if (search.pagemap >= 0)
        close(search.pagemap);
    *seen = search.seen;
    return found;
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
    bool seen;
    if (find_header(reader, &seen, error))
        return true;
    if (seen)
        return false;
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
