/* mappings.c - everything that the process has mapped, and what each mapping is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/build.h"

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool is_metadata(const struct reader_snapshot *snapshot, const struct source_range *range)
{
    for (int kind = 0; kind < READER_METADATA_KINDS; kind++)
        if (range->end > snapshot->metadata[kind].start && range->start < snapshot->metadata[kind].end)
            return true;
    return false;
}

static bool is_payload(const struct reader_snapshot *snapshot, const struct source_range *range)
{
    return range->end > snapshot->base && range->start < reader_unit_address(snapshot, snapshot->units);
}

/* The stack of a thread that has a heap: libc keeps what the thread pointer points at on top of it. */
static bool is_stack(const struct reader_snapshot *snapshot, const struct source_range *range)
{
    for (size_t i = 0; i < snapshot->heap_count; i++) {
        const struct reader_heap *heap = &snapshot->heaps[i];
        if (heap->thread_pointer >= range->start && heap->thread_pointer < range->end &&
            heap->tid != snapshot->pid)
            return true;
    }
    return false;
}

static enum reader_mapping_kind kind_of(const struct reader_snapshot *snapshot,
                                        const struct source_range *range)
{
    const char *name = range->name;
    if (is_payload(snapshot, range))
        return READER_MAPPING_PAYLOAD;
    if (is_metadata(snapshot, range))
        return READER_MAPPING_METADATA;
    if (starts_with(name, "[heap]"))
        return READER_MAPPING_HEAP;
    if (starts_with(name, "[stack"))
        return READER_MAPPING_STACK;
    if (range->shared &&
        (range->anonymous || starts_with(name, "/dev/zero") || starts_with(name, "/dev/shm/") ||
         starts_with(name, "/memfd:") || starts_with(name, "/SYSV")))
        return READER_MAPPING_SHARED;
    if (name[0] == '/')
        return READER_MAPPING_FILE;
    if (name[0] == '[' && !starts_with(name, "[anon"))
        return READER_MAPPING_KERNEL;
    return range->writable && is_stack(snapshot, range) ? READER_MAPPING_STACK : READER_MAPPING_ANONYMOUS;
}

/* Of a core file: what it holds of the range. */
static uint64_t rss_of(const struct build *build, const struct source_range *range)
{
    return build->reader->kind == READER_PROCESS ? range->rss_bytes : range->file_bytes;
}

/* A whole number of KiB behind a key at a line's start. */
static uint64_t value_of(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    return at ? strtoull(at + strlen(key), NULL, 10) * 1024 : 0;
}

uint64_t build_kernel_rss(struct reader *reader)
{
    size_t length;
    char *text = process_read_file(reader->pid, "smaps_rollup", &length);
    uint64_t rss_bytes = text ? value_of(text, "\nRss:") : 0;
    free(text);
    if (rss_bytes)
        return rss_bytes;
    text = process_read_file(reader->pid, "status", &length);
    rss_bytes = text ? value_of(text, "\nVmRSS:") : 0;
    free(text);
    return rss_bytes;
}

bool build_mappings(struct build *build)
{
    struct reader_snapshot *snapshot = build->snapshot;
    const struct source_ranges *ranges = &build->reader->ranges;
    snapshot->mappings = build_take(build, ranges->count, sizeof *snapshot->mappings);
    if (!snapshot->mappings)
        return false;
    for (size_t i = 0; i < ranges->count; i++) {
        const struct source_range *range = &ranges->item[i];
        struct reader_mapping *mapping = &snapshot->mappings[snapshot->mapping_count++];
        *mapping = (struct reader_mapping){
            .start = range->start,
            .end = range->end,
            .kind = (uint8_t)kind_of(snapshot, range),
            .writable = range->writable,
            .executable = range->executable,
            .name = memory_copy_text(snapshot->memory, range->name, strlen(range->name)),
            .rss_bytes = rss_of(build, range),
            .swap_bytes = range->swap_bytes,
            .anon_huge_bytes = range->anon_huge_bytes,
        };
        if (!mapping->name)
            return false;
        snapshot->swap_bytes += mapping->swap_bytes;
        snapshot->anon_huge_bytes += mapping->anon_huge_bytes;
    }
    return true;
}
