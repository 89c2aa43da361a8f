/* common_pages.h - the OS pages that a set of blocks lies on: which of them could be given back.
 *
 * A page can go back to the kernel when a freed block lay on it and no surviving one does. The set is
 * told of all blocks while they live, then of the survivors.
 */
#ifndef HAKMEM_BENCH_COMMON_PAGES_H
#define HAKMEM_BENCH_COMMON_PAGES_H

#include <stddef.h>
#include <stdint.h>

enum { BENCH_PAGE_BYTES = 4096 };

struct bench_page_set {
    uint64_t *entry;   /* open addressing: page number * 2, + 1 once a survivor is on it; 0 is free */
    size_t capacity;   /* a power of two */
    size_t pages;      /* entries in use */
    size_t pages_kept; /* of them, with a survivor */
};

/* Room for blocks of `bytes` in sum, on eight times as many pages as they fill. */
void bench_page_set_start(struct bench_page_set *set, uint64_t bytes);

/* The pages under [block, block + bytes). More than there is room for ends the program. */
void bench_page_set_add(struct bench_page_set *set, const void *block, size_t bytes);
void bench_page_set_keep(struct bench_page_set *set, const void *block, size_t bytes);

/* What lies on pages without a survivor. */
uint64_t bench_page_set_returnable_bytes(const struct bench_page_set *set);

#endif
