/* reader.h - HAKMEM's heap as seen from outside: in a running or stopped process, or in a core file.
 *
 *     struct reader *reader = reader_open("1234", error);
 *     struct reader_snapshot *now = reader_snapshot(reader, READER_ALL, error);
 *     … reader_slab_state, parts.h, advice.h …
 *     reader_snapshot_free(now);
 *     reader_close(reader);
 *
 * The process is not stopped, signalled or slowed: its memory is copied with process_vm_readv, and what
 * was read in the midst of a change is read again. What still does not hold together after that is kept
 * with `torn` set and counted in `skipped`. Nothing that is read is trusted: numbers are checked against
 * what is mapped, lists are bounded, and no more than READER_BUDGET_BYTES are ever allocated, so that a
 * corrupt or hostile image gives an error or a wrong picture, never a crash.
 * Blocks of pages that the scavenger is giving back at that moment look live: it takes them so.
 *
 * Addresses are the process's own. Sizes are bytes unless a name says otherwise. A unit is 64 KiB, a
 * SuperSlab READER_SUPERSLAB_UNITS units; both are numbered from `base`. */
#ifndef HAKMEM_READER_READER_H
#define HAKMEM_READER_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hakmem.h"

enum {
    READER_ERROR_BYTES = 512,
    READER_CLASSES = 93,
    READER_UNIT_LOG2 = 16,
    READER_UNIT_BYTES = 1 << READER_UNIT_LOG2,
    READER_RUN_CACHE = 4,
    READER_NAME_BYTES = 256,
};

#define READER_BUDGET_BYTES ((size_t)8 << 30)

struct reader;

/* Opens a process (a number) or a core file (anything else), and finds HAKMEM's image in it. NULL, with
 * one line in `error` that says what is wrong and what to do, when it cannot. */
struct reader *reader_open(const char *target, char error[READER_ERROR_BYTES]);
struct reader *reader_open_process(int pid, char error[READER_ERROR_BYTES]);
struct reader *reader_open_core(const char *path, char error[READER_ERROR_BYTES]);

/* A core file's bytes, which stay the caller's and must outlive the reader: for tests. */
struct reader *reader_open_core_bytes(const void *bytes, size_t size, char error[READER_ERROR_BYTES]);
void reader_close(struct reader *reader);

/* ---- what a snapshot holds */

enum reader_source_kind { READER_PROCESS, READER_CORE };

/* How far it is known which pages are resident. */
enum reader_residency {
    READER_RESIDENCY_UNKNOWN, /* not asked for, or /proc/PID/pagemap could not be read */
    READER_RESIDENCY_EXACT,   /* the kernel said so page by page */
    READER_RESIDENCY_CORE,    /* of a core file: pages that it holds and that are not all zero */
};

enum reader_superslab_kind {
    READER_SUPERSLAB_NONE, /* not mapped: something else lies there */
    READER_SUPERSLAB_SHARED,
    READER_SUPERSLAB_HUGE, /* part of a huge block */
    READER_SUPERSLAB_WARM, /* free, in the LRU */
    READER_SUPERSLAB_COLD, /* free, given back or never touched */
    READER_SUPERSLAB_BUSY, /* its pages are on their way to the kernel */
};

struct reader_superslab {
    uint8_t kind;         /* enum reader_superslab_kind */
    uint8_t units;        /* mapped */
    bool huge_pages;      /* the kernel was told that it may use huge pages */
    uint32_t free_units;  /* shared: a bit for each free unit */
    uint32_t dirty_units; /* a bit for each unit that may not read as zero */
    uint64_t since_ms;    /* warm: when it became so, by CLOCK_MONOTONIC_COARSE; else 0 */
};

enum reader_slab_list { READER_SLAB_FULL = 1, READER_SLAB_CURRENT, READER_SLAB_PARTIAL };

/* Maps have a bit for each block, lowest address first, (blocks + 63) / 64 words; NULL when none is set.
 * A block is in at most one of them: it is free, published (freed by another thread, and not yet taken
 * in), cached (in a FastCache, a magazine or the depot), or else live. */
struct reader_slab {
    uint32_t unit;
    uint32_t heap; /* the owner's number */
    uint16_t blocks;
    uint16_t free_blocks, published_blocks, cached_blocks;
    uint8_t size_class;
    uint8_t units; /* 1 or 4 */
    uint8_t list;  /* enum reader_slab_list */
    bool torn;     /* it changed while it was read, each time: counts are near, not exact */
    uint64_t *free_map, *published_map, *cached_map;
};

struct reader_run {
    uint32_t unit;
    uint8_t units;
    bool cached;          /* free, kept by a heap for its next run of this length */
    bool guarded;         /* a unit of guarded slots: no block, but some may be in it */
    uint16_t live_places; /* guarded: blocks of size zero in it */
    uint32_t heap;        /* that keeps it; 0: it is live, and nobody's */
};

/* A slot that holds a guarded block, or held the one that is kept from being used again. */
struct reader_guarded {
    uint64_t slot; /* its first address */
    uint64_t block;
    uint32_t slot_bytes, block_bytes;
    bool live;
    int made_by, freed_by; /* threads; freed_by: 0 while it is live */
};

struct reader_huge {
    uint32_t superslab, superslabs;
};

struct reader_heap_class {
    uint16_t capacity;        /* of the FastCache, in blocks */
    uint16_t cached_blocks;   /* in it */
    uint16_t magazine_blocks; /* other heaps' blocks that its thread freed */
};

struct reader_heap {
    uint32_t number;
    bool parked;  /* has no thread */
    bool commons; /* shared by threads that do little */
    bool busy;    /* has slabs of its own */
    int tid;      /* its thread; 0: none, or it could not be told */
    uint64_t thread_pointer;
    char thread_name[16];
    uint64_t refills, refill_blocks, flushes, flush_blocks, remote_frees; /* counted since its birth */
    struct reader_heap_class classes[READER_CLASSES];
    uint32_t cached_runs[READER_RUN_CACHE]; /* unit + 1 of a free run of 1..4 units; 0: none */
};

enum reader_cache { READER_FASTCACHE, READER_MAGAZINE, READER_DEPOT };

/* A block that its slab calls taken and that is free all the same. */
struct reader_cached {
    uint64_t address;
    uint32_t heap; /* whose FastCache or magazine; 0: the depot */
    uint8_t size_class;
    uint8_t cache; /* enum reader_cache */
};

/* Of HAKMEM's own arrays: what is mapped, how much of it is resident. */
enum reader_metadata_kind {
    READER_TAGS,       /* image header and tags */
    READER_SUPERSLABS, /* SuperSlab records */
    READER_CELLS,      /* heaps, FastCache arrays, magazines, depot */
    READER_SLABS,      /* slab records and maps */
    READER_REMOTE,     /* remote maps */
    READER_METADATA_KINDS
};

struct reader_metadata {
    uint64_t start, end; /* where it may lie */
    uint64_t mapped_bytes, resident_bytes;
};

enum reader_mapping_kind {
    READER_MAPPING_PAYLOAD,  /* HAKMEM's blocks */
    READER_MAPPING_METADATA, /* HAKMEM's records */
    READER_MAPPING_FILE,     /* programs, libraries, other files */
    READER_MAPPING_STACK,    /* of a thread that is known */
    READER_MAPPING_HEAP,     /* [heap]: brk, which libc's malloc and a few programs use */
    READER_MAPPING_SHARED,   /* shared anonymous memory, System V segments, memfd */
    READER_MAPPING_ANONYMOUS,
    READER_MAPPING_KERNEL, /* [vdso] and such */
    READER_MAPPING_KINDS
};

struct reader_mapping {
    uint64_t start, end;
    uint8_t kind;              /* enum reader_mapping_kind */
    bool writable, executable; /* as mapped */
    char *name;                /* path, "[stack]" …; "" */
    uint64_t rss_bytes, swap_bytes, anon_huge_bytes;
};

struct reader_skipped {
    uint64_t slabs;            /* torn */
    uint64_t caches;           /* FastCaches, magazines whose ends made no sense: read in a change */
    uint64_t records;          /* of SuperSlabs, heaps and tags that contradict each other */
    uint64_t unreadable_bytes; /* mapped, they say, but could not be read */
};

struct reader_snapshot {
    enum reader_source_kind source;
    int pid; /* 0: not known */
    bool stopped;
    char program[READER_NAME_BYTES]; /* its name or command line */
    char library[16];                /* HAKMEM's version in it */
    uint64_t taken_ms;               /* since 1970; of a core file: its date */
    uint64_t read_us;                /* how long reading took */

    uint64_t base; /* address of unit 0 */
    uint32_t superslab_units;
    uint64_t units; /* there is nothing at or above this one */
    uint32_t page_bytes;

    size_t superslab_count, slab_count, run_count, huge_count, guarded_count, heap_count, cached_count;
    struct reader_superslab *superslabs; /* by number */
    struct reader_slab *slabs;           /* these by address */
    struct reader_run *runs;
    struct reader_huge *huges;
    struct reader_guarded *guarded;
    struct reader_cached *cached;
    struct reader_heap *heaps; /* by number, ascending */

    struct hakmem_stats stats; /* as hakmem_stats_read would tell */
    size_t option_count;
    uint32_t *options; /* values, in the order of base/options.def */

    enum reader_residency residency;
    size_t page_count;       /* of the payload, units * unit bytes */
    uint64_t *resident_map;  /* a bit for each page of the payload; NULL: unknown */
    uint64_t *huge_page_map; /* likewise: part of a transparent huge page; NULL: none, or unknown */
    uint64_t *surplus_map;   /* of these, those without a live block that nobody ever wrote to; or NULL */
    uint64_t payload_swap_bytes;
    struct reader_metadata metadata[READER_METADATA_KINDS];

    size_t mapping_count; /* 0 of a core file's are known but those it holds */
    struct reader_mapping *mappings;
    uint64_t rss_bytes;       /* what the kernel reports (smaps_rollup, statm); 0: unknown */
    uint64_t swap_bytes;      /* likewise */
    uint64_t anon_huge_bytes; /* transparent huge pages, all mappings */

    struct reader_skipped skipped;
    struct reader_memory *memory; /* what all of this lies in */
};

enum reader_what {
    READER_HEAP = 0,     /* SuperSlabs, slabs, runs, heaps, caches, statistics */
    READER_PAGES = 1,    /* and which pages of it are resident */
    READER_MAPPINGS = 2, /* and the whole process's mappings */
    READER_ALL = READER_PAGES | READER_MAPPINGS,
};

/* Reads the heap as it is now. NULL and a line in `error` when the process has gone, or what is read is
 * no heap. May be called again and again. */
struct reader_snapshot *reader_snapshot(struct reader *reader, unsigned what, char error[READER_ERROR_BYTES]);
void reader_snapshot_free(struct reader_snapshot *snapshot);

/* ---- questions */

enum reader_block_state { READER_LIVE, READER_FREE, READER_PUBLISHED, READER_CACHED };

/* Of a size class below READER_CLASSES: the size of its blocks, units and blocks of one of its slabs. */
size_t reader_class_bytes(unsigned size_class);
unsigned reader_class_units(unsigned size_class);
unsigned reader_class_blocks(unsigned size_class);

static inline size_t reader_superslab_bytes(const struct reader_snapshot *snapshot)
{
    return (size_t)snapshot->superslab_units << READER_UNIT_LOG2;
}

static inline uint64_t reader_unit_address(const struct reader_snapshot *snapshot, uint64_t unit)
{
    return snapshot->base + (unit << READER_UNIT_LOG2);
}

static inline bool reader_bit(const uint64_t *map, size_t index)
{
    return map && (map[index / 64] >> (index % 64) & 1);
}

static inline enum reader_block_state reader_slab_state(const struct reader_slab *slab, unsigned block)
{
    if (reader_bit(slab->free_map, block))
        return READER_FREE;
    if (reader_bit(slab->published_map, block))
        return READER_PUBLISHED;
    return reader_bit(slab->cached_map, block) ? READER_CACHED : READER_LIVE;
}

static inline unsigned reader_slab_live(const struct reader_slab *slab)
{
    return (unsigned)slab->blocks - slab->free_blocks - slab->published_blocks - slab->cached_blocks;
}

/* What lies at an address; NULL when it is no such thing. */
const struct reader_slab *reader_find_slab(const struct reader_snapshot *snapshot, uint64_t address);
const struct reader_run *reader_find_run(const struct reader_snapshot *snapshot, uint64_t address);
const struct reader_huge *reader_find_huge(const struct reader_snapshot *snapshot, uint64_t address);
const struct reader_guarded *reader_find_guarded(const struct reader_snapshot *snapshot, uint64_t address);
const struct reader_cached *reader_find_cached(const struct reader_snapshot *snapshot, uint64_t address);
const struct reader_heap *reader_find_heap(const struct reader_snapshot *snapshot, uint32_t number);
const struct reader_mapping *reader_find_mapping(const struct reader_snapshot *snapshot, uint64_t address);

/* Whether a live guarded block lies on the page at this address. */
bool reader_page_has_guarded(const struct reader_snapshot *snapshot, uint64_t page);

/* The value of an option, by its field in base/options.def ("fc_cap"); false: there is none. */
bool reader_option(const struct reader_snapshot *snapshot, const char *field, uint32_t *value);

#endif
