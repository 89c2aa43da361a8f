/* pages.c - which pages of the payload and of HAKMEM's own arrays are resident.
 *
 * Of a process the kernel tells it: by PAGEMAP_SCAN (Linux 6.7), which also knows huge pages and leaves
 * out the shared page of zeros, else by the entries of /proc/PID/pagemap. Of a core file, a page counts
 * when the file has it and it is not all zero. */
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
        if (request.walk_end <= start)
            return true;
        start = request.walk_end;
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

static void find_in_core(struct reader *reader, uint64_t end, struct found *found, char *buffer)
{
    for (uint64_t at = found->start; at < end;) {
        const struct source_range *range = source_find(reader, at);
        uint64_t step = size_min(end - at, CORE_STEP_BYTES);
        if (!range || at - range->start >= range->file_bytes) {
            at += range ? size_min(range->end - at, end - at) : step;
            continue;
        }
        step = size_min(step, range->end - at);
        source_read(reader, at, buffer, step);
        for (uint64_t page = 0; page + found->page_bytes <= step; page += found->page_bytes)
            if (!is_zero(buffer + page, found->page_bytes))
                found_pages(found, at + page, at + page + found->page_bytes, false);
        at += step;
    }
}

/* ---- both */

struct finder {
    struct reader *reader;
    int pagemap;
    void *buffer;
};

static bool find(const struct finder *finder, uint64_t end, struct found *found)
{
    if (finder->reader->kind == READER_PROCESS)
        return find_in_process(finder->pagemap, end, found, finder->buffer);
    find_in_core(finder->reader, end, found, finder->buffer);
    return true;
}

static bool find_payload(const struct finder *finder, struct build *build)
{
    struct reader_snapshot *snapshot = build->snapshot;
    size_t words = (snapshot->page_count + 63) / 64;
    struct found found = {.start = snapshot->base, .page_bytes = snapshot->page_bytes};
    found.resident_map = build_take(build, words, sizeof *found.resident_map);
    found.huge_map = build_take(build, words, sizeof *found.huge_map);
    if (!found.resident_map || !found.huge_map ||
        !find(finder, reader_unit_address(snapshot, snapshot->units), &found))
        return false;
    snapshot->resident_map = found.resident_map;
    snapshot->huge_page_map = found.huge_pages ? found.huge_map : NULL;
    snapshot->payload_swap_bytes = found.swapped_pages * snapshot->page_bytes;
    return true;
}

static bool find_metadata(const struct finder *finder, struct reader_snapshot *snapshot)
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
    if (finder->reader->kind != READER_PROCESS)
        return true;
    snprintf(path, sizeof path, "/proc/%d/pagemap", finder->reader->pid);
    finder->pagemap = open(path, O_RDONLY | O_CLOEXEC);
    return finder->pagemap >= 0;
}

bool build_pages(struct build *build)
{
    struct finder finder = {build->reader, -1, NULL};
    struct reader_snapshot *snapshot = build->snapshot;
    snapshot->page_count = (size_t)(snapshot->units * READER_UNIT_BYTES / snapshot->page_bytes);
    finder.buffer = build_take(build, 1, CORE_STEP_BYTES);
    if (!finder.buffer)
        return false;
    bool known = open_pagemap(&finder) && find_payload(&finder, build) && find_metadata(&finder, snapshot);
    if (finder.pagemap >= 0)
        close(finder.pagemap);
    if (!known)
        snapshot->resident_map = snapshot->huge_page_map = NULL;
    else
        snapshot->residency = build->reader->kind == READER_PROCESS ? READER_RESIDENCY_EXACT
                                                                    : READER_RESIDENCY_CORE;
    return true;
}
