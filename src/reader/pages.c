/* pages.c - which pages of the payload and of HAKMEM's own arrays are resident.
 *
 * Of a process the kernel tells it: by PAGEMAP_SCAN (Linux 6.7), which also knows huge pages and leaves
 * out the shared page of zeros, else by the entries of /proc/PID/pagemap. The kernel leaves holes in a
 * core file for what is not resident. One without holes is a debugger's: there a page counts when it is
 * not all zero, or a live block of a slab or a guarded one lies on it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "reader/build.h"

/* As in linux/fs.h since 6.7; older headers do not have it. */
struct scan_region {
    uint64_t start, end, categories;
};

struct scan_request {
    uint64_t size, flags, start, end, walk_end, regions, region_count, pages_most;
    uint64_t inverted, mask, any_of, returned;
};

#define SCAN_IOCTL _IOWR('f', 16, struct scan_request)

enum {
    SCAN_PRESENT = 1 << 3,
    SCAN_SWAPPED = 1 << 4,
    SCAN_ZERO = 1 << 5,
    SCAN_HUGE = 1 << 6,
    SCAN_REGIONS = 4096,
    ENTRIES = 8192,
    CORE_STEP_BYTES = 1 << 20,
};

#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRY_SWAPPED (UINT64_C(1) << 62)

/* Pages found in a range of addresses; the maps may be NULL. */
struct found {
    uint64_t start;
    uint32_t page_bytes;
    uint64_t *resident_map, *huge_map;
    uint64_t resident_pages, huge_pages, swapped_pages;
};

static void set_bits(uint64_t *map, size_t first, size_t count)
{
    for (size_t bit = first; map && bit < first + count;) {
        size_t in_word = size_min(64 - bit % 64, first + count - bit);
        map[bit / 64] |= bits_below((unsigned)in_word) << (bit % 64);
        bit += in_word;
    }
}

static void found_pages(struct found *found, uint64_t start, uint64_t end, bool huge)
{
    size_t first = (size_t)((start - found->start) / found->page_bytes);
    size_t count = (size_t)((end - start) / found->page_bytes);
    set_bits(found->resident_map, first, count);
    found->resident_pages += count;
    if (huge) {
        set_bits(found->huge_map, first, count);
        found->huge_pages += count;
    }
}

/* How pages are found. */
struct finder {
    struct build *build;
    int pagemap;         /* process */
    bool sparse;         /* core: the file has holes for what was not resident */
    uint64_t left_bytes; /* core: a file has no more memory than bytes, whatever its segments claim */
    void *buffer;
};

/* ---- a process */

static void found_region(struct found *found, const struct scan_region *at)
{
    if (at->categories & SCAN_SWAPPED)
        found->swapped_pages += (at->end - at->start) / found->page_bytes;
    else if (!(at->categories & SCAN_ZERO))
        found_pages(found, at->start, at->end, at->categories & SCAN_HUGE);
}

static bool scan(int pagemap, uint64_t start, uint64_t end, struct found *found, struct scan_region *regions)
{
    while (start < end) {
        struct scan_request request = {
            .size = sizeof request,
            .start = start,
            .end = end,
            .regions = (uintptr_t)regions,
            .region_count = SCAN_REGIONS,
            .any_of = SCAN_PRESENT | SCAN_SWAPPED,
            .returned = SCAN_PRESENT | SCAN_SWAPPED | SCAN_ZERO | SCAN_HUGE,
        };
        int count = ioctl(pagemap, SCAN_IOCTL, &request);
        if (count < 0)
            return false;
        for (int i = 0; i < count; i++)
            found_region(found, &regions[i]);
        uint64_t next = count ? size_max(request.walk_end, regions[count - 1].end) : request.walk_end;
        if (next <= start) /* walk_end may lie before what was told of already */
            return true;
        start = next;
    }
    return true;
}

static bool read_entries(int pagemap, uint64_t start, uint64_t end, struct found *found, uint64_t *entries)
{
    while (start < end) {
        size_t want = size_min((end - start) / found->page_bytes, ENTRIES);
        ssize_t got = pread(pagemap, entries, want * 8, (off_t)(start / found->page_bytes * 8));
        if (got < 8)
            return got == 0;
        for (size_t i = 0; i < (size_t)got / 8; i++, start += found->page_bytes) {
            if (entries[i] & ENTRY_PRESENT)
                found_pages(found, start, start + found->page_bytes, false);
            found->swapped_pages += (entries[i] & ENTRY_SWAPPED) != 0;
        }
    }
    return true;
}

static bool find_in_process(int pagemap, uint64_t end, struct found *found, void *buffer)
{
    struct found before = *found;
    if (scan(pagemap, found->start, end, found, buffer))
        return true;
    *found = before;
    return read_entries(pagemap, found->start, end, found, buffer);
}

/* ---- a core file */

static bool is_zero(const char *page, size_t bytes)
{
    return page[0] == 0 && memcmp(page, page + 1, bytes - 1) == 0;
}

/* Whether a live block of a slab, or a guarded one, lies on the page: its program has hardly left it
 * untouched. */
static bool holds_live_block(const struct reader_snapshot *snapshot, uint64_t page)
{
    const struct reader_slab *slab = reader_find_slab(snapshot, page);
    if (!slab)
        return reader_page_has_guarded(snapshot, page);
    uint64_t offset = page - reader_unit_address(snapshot, slab->unit),
             size = reader_class_bytes(slab->size_class);
    uint64_t end = size_min(offset + snapshot->page_bytes, size * slab->blocks);
    for (uint64_t block = offset / size; block * size < end; block++)
        if (reader_slab_state(slab, (unsigned)block) == READER_LIVE)
            return true;
    return false;
}

/* A piece of one segment. Where the file has holes they are what is not resident. */
static void find_in_piece(const struct finder *finder, uint64_t start, uint64_t bytes, struct found *found)
{
    char *buffer = finder->buffer;
    source_read(finder->build->reader, start, buffer, bytes);
    for (uint64_t page = 0; page + found->page_bytes <= bytes; page += found->page_bytes)
        if (!is_zero(buffer + page, found->page_bytes) ||
            (!finder->sparse && holds_live_block(finder->build->snapshot, start + page)))
            found_pages(found, start + page, start + page + found->page_bytes, false);
}

/* The next address at or above `at` for which the file has bytes; `end`: there is none below it. */
static uint64_t next_data(const struct finder *finder, const struct source_range *range, uint64_t at,
                          uint64_t end)
{
    if (!finder->sparse)
        return at;
    off_t offset = (off_t)(range->file_offset + (at - range->start));
    off_t data = lseek(finder->build->reader->file, offset, SEEK_DATA);
    return data < 0
               ? end
               : size_min(end, at + align_down((uint64_t)(data - offset), finder->build->reader->page_bytes));
}

/* Where the bytes from `at` on that the file has come to an end. */
static uint64_t data_end(const struct finder *finder, const struct source_range *range, uint64_t at,
                         uint64_t end)
{
    off_t offset = (off_t)(range->file_offset + (at - range->start));
    off_t hole = lseek(finder->build->reader->file, offset, SEEK_HOLE);
    return hole <= offset
               ? end
               : size_min(end, at + align_up((uint64_t)(hole - offset), finder->build->reader->page_bytes));
}

static void find_in_segment(struct finder *finder, const struct source_range *range, uint64_t start,
                            uint64_t end, struct found *found)
{
    for (uint64_t at = start; finder->left_bytes && (at = next_data(finder, range, at, end)) < end;) {
        uint64_t stop = finder->sparse ? data_end(finder, range, at, end)
                                       : size_min(end, at + CORE_STEP_BYTES);
        if (finder->sparse)
            found_pages(found, at, stop, false);
        else
            find_in_piece(finder, at, stop - at, found);
        finder->left_bytes -= size_min(stop - at, finder->left_bytes);
        at = stop;
    }
}

static void find_in_core(struct finder *finder, uint64_t end, struct found *found)
{
    const struct source_ranges *ranges = &finder->build->reader->ranges;
    for (size_t i = 0; i < ranges->count; i++) {
        const struct source_range *range = &ranges->item[i];
        uint64_t start = size_max(range->start, found->start);
        uint64_t stop = size_min(range->start + range->file_bytes, end);
        stop = align_down(stop, found->page_bytes);
        if (start < stop && start % found->page_bytes == 0)
            find_in_segment(finder, range, start, stop, found);
    }
}

/* Whether a segment begins in the midst of a page of the file: the kernel writes none like that. */
static bool has_odd_segments(const struct reader *reader)
{
    for (size_t i = 0; i < reader->ranges.count; i++)
        if (reader->ranges.item[i].file_bytes && reader->ranges.item[i].file_offset % reader->page_bytes)
            return true;
    return false;
}

/* Whether the file has holes where memory would be, and they are the kernel's: a debugger leaves some too,
 * for what it could not read. */
static bool has_holes(const struct reader *reader)
{
    if (reader->file < 0 || has_odd_segments(reader))
        return false;
    off_t hole = lseek(reader->file, 0, SEEK_HOLE);
    return hole >= 0 && (uint64_t)hole < reader->size;
}

/* ---- both */

static bool find(struct finder *finder, uint64_t end, struct found *found)
{
    if (finder->build->reader->kind == READER_PROCESS)
        return find_in_process(finder->pagemap, end, found, finder->buffer);
    find_in_core(finder, end, found);
    return true;
}

static bool find_payload(struct finder *finder, struct reader_snapshot *snapshot)
{
    size_t words = (snapshot->page_count + 63) / 64;
    struct found found = {.start = snapshot->base, .page_bytes = snapshot->page_bytes};
    found.resident_map = memory_take(snapshot->memory, words, sizeof *found.resident_map);
    found.huge_map = memory_take(snapshot->memory, words, sizeof *found.huge_map);
    if (!found.resident_map || !found.huge_map ||
        !find(finder, reader_unit_address(snapshot, snapshot->units), &found))
        return false;
    snapshot->resident_map = found.resident_map;
    snapshot->huge_page_map = found.huge_pages ? found.huge_map : NULL;
    snapshot->payload_swap_bytes = found.swapped_pages * snapshot->page_bytes;
    return true;
}

static bool find_metadata(struct finder *finder, struct reader_snapshot *snapshot)
{
    for (int kind = 0; kind < READER_METADATA_KINDS; kind++) {
        struct reader_metadata *metadata = &snapshot->metadata[kind];
        struct found found = {.start = metadata->start, .page_bytes = snapshot->page_bytes};
        if (!find(finder, metadata->end, &found))
            return false;
        metadata->resident_bytes = found.resident_pages * snapshot->page_bytes;
    }
    return true;
}

static bool open_pagemap(struct finder *finder)
{
    char path[32];
    if (finder->build->reader->kind != READER_PROCESS)
        return true;
    snprintf(path, sizeof path, "/proc/%d/pagemap", finder->build->reader->pid);
    finder->pagemap = open(path, O_RDONLY | O_CLOEXEC);
    return finder->pagemap >= 0;
}

bool build_pages(struct build *build)
{
    struct finder finder = {build, -1, false, build->reader->size, NULL};
    struct reader_snapshot *snapshot = build->snapshot;
    snapshot->page_count = (size_t)(snapshot->units * READER_UNIT_BYTES / snapshot->page_bytes);
    finder.buffer = build_take(build, 1, CORE_STEP_BYTES);
    if (!finder.buffer)
        return false;
    finder.sparse = build->reader->kind == READER_CORE && has_holes(build->reader);
    bool known = open_pagemap(&finder) && find_payload(&finder, snapshot) && find_metadata(&finder, snapshot);
    if (finder.pagemap >= 0)
        close(finder.pagemap);
    if (!known)
        snapshot->resident_map = snapshot->huge_page_map = NULL;
    else
        snapshot->residency = build->reader->kind == READER_PROCESS ? READER_RESIDENCY_EXACT
                                                                    : READER_RESIDENCY_CORE;
    return true;
}
