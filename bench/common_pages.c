/* common_pages.c - a hash set of page numbers in the benchmark's own pages. */
#define _GNU_SOURCE 1

#include "common_pages.h"

#include "bench.h"

#include <errno.h>

enum { LEAST_CAPACITY = 1 << 14, ROOM_TIMES = 16 };

void bench_page_set_start(struct bench_page_set *set, uint64_t bytes)
{
    set->capacity = LEAST_CAPACITY;
    while (set->capacity < ROOM_TIMES * (bytes / BENCH_PAGE_BYTES))
        set->capacity *= 2;
    set->entry = bench_pages(set->capacity * sizeof *set->entry);
    set->pages = set->pages_kept = 0;
}

/* The page's entry, or the free one where it belongs; Fibonacci hashing. */
static uint64_t *entry_find(const struct bench_page_set *set, uint64_t page)
{
    size_t mask = set->capacity - 1;
    size_t at = (size_t)((page * 0x9e3779b97f4a7c15u) >> 20) & mask;
    while (set->entry[at] && set->entry[at] >> 1 != page)
        at = (at + 1) & mask;
    return &set->entry[at];
}

static void page_add(struct bench_page_set *set, uint64_t page)
{
    uint64_t *entry = entry_find(set, page);
    if (*entry)
        return;
    if (++set->pages > set->capacity / 2) {
        errno = ENOSPC;
        bench_fail("the blocks lie on more than eight times the pages that they fill");
    }
    *entry = page << 1;
}

static void page_keep(struct bench_page_set *set, uint64_t page)
{
    page_add(set, page);
    uint64_t *entry = entry_find(set, page);
    set->pages_kept += !(*entry & 1);
    *entry |= 1;
}

static void pages_visit(struct bench_page_set *set, const void *block, size_t bytes,
                        void (*visit)(struct bench_page_set *set, uint64_t page))
{
    uint64_t first = (uintptr_t)block / BENCH_PAGE_BYTES;
    uint64_t last = ((uintptr_t)block + (bytes ? bytes - 1 : 0)) / BENCH_PAGE_BYTES;
    for (uint64_t page = first; page <= last; page++)
        visit(set, page);
}

void bench_page_set_add(struct bench_page_set *set, const void *block, size_t bytes)
{
    pages_visit(set, block, bytes, page_add);
}

void bench_page_set_keep(struct bench_page_set *set, const void *block, size_t bytes)
{
    pages_visit(set, block, bytes, page_keep);
}

uint64_t bench_page_set_returnable_bytes(const struct bench_page_set *set)
{
    return (set->pages - set->pages_kept) * BENCH_PAGE_BYTES;
}
