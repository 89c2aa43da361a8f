/* hakmem.h - the public interface of HAKMEM, a general-purpose memory allocator.
 *
 * A program needs none of this: malloc, free and their kin are replaced by preloading or linking
 * the library. These functions answer questions about memory and set options.
 *
 * Every function is safe to call from any thread at any time, except from a signal handler that
 * interrupted the allocator. None sets errno unless it says so. Sizes are in bytes.
 */
#ifndef HAKMEM_H
#define HAKMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HAKMEM_VERSION_MAJOR 0
#define HAKMEM_VERSION_MINOR 1
#define HAKMEM_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/* The library's version, "MAJOR.MINOR.PATCH"; a static string. */
const char *hakmem_version(void);

/* Bytes that may be used at p, which malloc or a function like it returned and nobody freed; at
 * least the size asked for, and the same for the block's whole life. 0 for NULL and for a pointer
 * that is not HAKMEM's. */
size_t hakmem_usable_size(const void *p);

/* What malloc rounds `size` up to: asking for it wastes nothing. It is what hakmem_usable_size says of
 * malloc(size), unless that is one of the few guarded blocks, which end where they were asked to. 0 when
 * no such block can exist (size above PTRDIFF_MAX). */
size_t hakmem_good_size(size_t size);

/* Whether p points into memory that HAKMEM manages and has given out at least once. */
bool hakmem_owns(const void *p);

/* Gives back to the kernel all free memory that can be given back, of every heap: caches are emptied
 * (those of running threads but the caller's excepted), then free units, empty SuperSlabs and the pages
 * without a live block inside slabs are purged. Returns the number of bytes handed to the kernel. */
size_t hakmem_trim(void);

/* For a thread that will sleep for long: gives back what it alone can reach, its FastCaches and what it
 * has freed of others' blocks. The scavenger does the rest. Returns the bytes of the blocks in them.
 * Needless before a thread ends. */
size_t hakmem_idle(void);

/* Before a fork, a checkpoint or a snapshot: as hakmem_trim, and what the calling thread allocates from
 * then on comes from pages of its own, not from between the blocks that are live now: those pages stay
 * clean, and shared with the child. The room between them is used again after the next call. That much
 * is done for the first 32 calls; later ones only trim. Returns the bytes handed to the kernel. */
size_t hakmem_squeeze(void);

/* A reading of the allocator's state. New fields are only ever added at the end. */
struct hakmem_stats {
    uint64_t live_bytes; /* blocks that the program holds, at their usable sizes */
    uint64_t live_blocks;
    uint64_t cached_bytes;      /* free blocks in FastCaches, magazines and the depot */
    uint64_t retained_bytes;    /* free units and LRU SuperSlabs that may still be resident */
    uint64_t metadata_bytes;    /* mapped for the allocator's own records */
    uint64_t mapped_bytes;      /* mapped for payload: the heap's windows */
    uint64_t superslabs;        /* SuperSlabs mapped */
    uint64_t superslabs_in_use; /* of these, with at least one unit in use */
    uint64_t superslabs_lru;    /* of these, empty and kept warm */
    uint64_t heaps;             /* heaps that exist, one for each thread, and */
    uint64_t heaps_parked;      /* of these, those without a thread */

    uint64_t front_mallocs;     /* counted only with HAKMEM_FRONT_STATS=1, as is the next: */
    uint64_t front_malloc_hits; /* mallocs served by the FastCache */
    uint64_t front_frees;       /* likewise, and */
    uint64_t front_free_hits;   /* frees that only pushed on the FastCache */
    uint64_t refills;           /* FastCache misses of malloc */
    uint64_t refill_blocks;     /* blocks they brought */
    uint64_t flushes;           /* times a full FastCache was halved */
    uint64_t flush_blocks;      /* blocks taken out so */
    uint64_t remote_frees;      /* blocks freed by a thread that does not own them */
    uint64_t depot_puts;        /* full magazines handed to the depot */
    uint64_t depot_hits;        /* magazines that a refill took from it */
    uint64_t depot_misses;      /* refills that looked there and found none */
    uint64_t published_blocks;  /* blocks returned to their slab by a remote bit */
    uint64_t collected_blocks;  /* of these, taken in by their heap */
    uint64_t slabs_new;         /* slabs taken from the shared pool */
    uint64_t slabs_released;    /* and given back to it */
    uint64_t pool_dirty_hits;   /* units the pool served from memory used before */
    uint64_t pool_clean;        /* units it served from memory never used, or purged */
    uint64_t lru_hits;          /* SuperSlabs (huge blocks: spans) reused while warm */
    uint64_t lru_misses;        /* requests that found none */
    uint64_t lru_evictions;     /* purged to make room, or for their age */
    uint64_t heaps_adopted;     /* threads that took over a parked heap */
    uint64_t calls_mmap;        /* system calls made by the allocator */
    uint64_t calls_munmap;
    uint64_t calls_madvise;
    uint64_t calls_mremap;
    uint64_t calls_prctl;
    uint64_t free_bytes;       /* free blocks in slabs, of which */
    uint64_t free_away_bytes;  /* in pages that were given back or never used, and hold nothing */
    uint64_t purged_bytes;     /* given back so far: free units, SuperSlabs, */
    uint64_t holes_bytes;      /* and pages inside slabs */
    uint64_t scavenger_starts; /* scavenger threads started, */
    uint64_t scavenger_passes; /* and passes they made */
    uint64_t huge_pages;       /* made of dense SuperSlabs so far */
};

/* Fills at most `size` bytes of *stats (pass sizeof *stats; a shorter struct of an older header
 * is filled as far as it goes). The numbers are read heap by heap, each exact, while other threads
 * go on. In a signal handler that interrupted the allocator those of the heap are 0. False only when stats is
 * NULL. */
bool hakmem_stats_read(struct hakmem_stats *stats, size_t size);

/* A size class now. resident_bytes counts whole pages of its slabs that were not given back, touched or
 * not; live_bytes over it tells how fragmented the class is. */
struct hakmem_class_stats {
    uint64_t block_bytes;
    uint64_t slabs;
    uint64_t live_blocks, live_bytes;     /* held by the program */
    uint64_t cached_blocks, cached_bytes; /* in FastCaches, magazines and the depot */
    uint64_t resident_bytes;
};

/* Fills the entries of the first `count` size classes, smallest first; returns how many classes there are.
 * Read slab by slab, as hakmem_stats_read. */
size_t hakmem_class_stats_read(struct hakmem_class_stats *classes, size_t count);

/* Called for every live block; return false to stop the walk. It must not allocate, free, fork, exit or
 * call other functions of this header: the walk holds locks. */
typedef bool (*hakmem_walk_fn)(void *block, size_t usable_size, void *argument);

/* Walks every block that the program holds, lowest address first. The caller's thread must be the
 * only one that allocates meanwhile; blocks that other threads allocate or free during the walk may
 * or may not be seen. Returns false when `visit` stopped the walk, memory for it could not be had, or a
 * signal handler calls that interrupted the allocator. */
bool hakmem_walk(hakmem_walk_fn visit, void *argument);

/* Writes the value of an option, named as its environment variable ("HAKMEM_FC_CAP"), as text into
 * buffer. False, with errno ENOENT or ERANGE, when there is no such option or no room. */
bool hakmem_option_get(const char *name, char *buffer, size_t size);

/* Sets an option for what follows. False, with errno ENOENT, EINVAL (not in the option's range) or
 * EPERM (it can be set only at start), and nothing changed, when it cannot be. */
bool hakmem_option_set(const char *name, const char *value);

#ifdef __cplusplus
}
#endif
#endif
