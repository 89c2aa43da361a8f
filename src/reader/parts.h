/* parts.h - a snapshot's resident memory taken apart, to the last page.
 *
 * Each resident page of HAKMEM's payload is divided among the blocks that lie on it, in bytes; the rest
 * of the process is as the kernel says of each mapping. The parts sum to what is resident. Live blocks
 * count at their usable sizes: what the program asked for is not kept anywhere. */
#ifndef HAKMEM_READER_PARTS_H
#define HAKMEM_READER_PARTS_H

#include "reader/reader.h"

enum reader_part {
    PART_LIVE_SLABS, /* live blocks up to 32 KiB */
    PART_LIVE_RUNS,  /* to 1 MiB, and guarded ones */
    PART_LIVE_HUGE,  /* and above */
    PART_PINNED,     /* free, on pages of slabs that also hold something in use */
    PART_FREE_PAGES, /* whole free pages of slabs */
    PART_FASTCACHES, /* free blocks in threads' FastCaches */
    PART_MAGAZINES,  /* freed by other threads: in those threads' magazines, */
    PART_DEPOT,      /* in the depot, */
    PART_PUBLISHED,  /* or given back to their slab, whose thread has not taken them in yet */
    PART_CACHED_RUNS,
    PART_FREE_UNITS, /* free units of shared SuperSlabs */
    PART_LRU,        /* empty SuperSlabs kept for reuse */
    PART_HUGE_PAGES, /* free, never written to: resident only because a huge page holds something else too */
    PART_METADATA,   /* HAKMEM's own records */
    PART_FILES,      /* not HAKMEM's from here on: programs, libraries, mapped files */
    PART_STACKS,
    PART_BRK,       /* [heap] */
    PART_SHARED,    /* shared memory */
    PART_ANONYMOUS, /* the program's own mappings */
    PART_KERNEL,
    READER_PARTS
};

struct reader_class_parts {
    uint64_t slabs, blocks, live_blocks, free_blocks, published_blocks, cached_blocks;
    uint64_t live_bytes;      /* resident, as the next three */
    uint64_t pinned_bytes;    /* PART_PINNED */
    uint64_t free_page_bytes; /* PART_FREE_PAGES */
    uint64_t huge_page_bytes; /* PART_HUGE_PAGES */
};

struct reader_heap_parts {
    uint32_t heap;                                                         /* its number */
    uint64_t fastcache_bytes, fastcache_blocks, magazine_bytes, run_bytes; /* resident */
};

struct reader_parts {
    uint64_t bytes[READER_PARTS];
    uint64_t sum_bytes;       /* of all parts */
    uint64_t rounding_bytes;  /* of PART_LIVE_SLABS: an estimate, half a step between size classes a block */
    uint64_t behind_bytes[2]; /* of PART_PINNED and PART_FREE_PAGES, in slabs without a live block, which are
                                 kept by blocks in caches, and by published ones */
    struct reader_class_parts classes[READER_CLASSES];
    size_t heap_count;
    struct reader_heap_parts *heaps; /* by the number of the heap */
    bool exact;                      /* residency is the kernel's word */
};

/* False when there is no memory. What it makes belongs to the snapshot. */
bool reader_take_apart(struct reader_snapshot *snapshot, struct reader_parts *parts);

/* "free_pages", and "whole free pages of slabs". */
const char *reader_part_name(enum reader_part part);
const char *reader_part_title(enum reader_part part);

static inline bool reader_part_is_ours(enum reader_part part)
{
    return part <= PART_METADATA;
}

/* Resident bytes of [start, end), addresses of the payload. */
uint64_t reader_resident_bytes(const struct reader_snapshot *snapshot, uint64_t start, uint64_t end);

#endif
