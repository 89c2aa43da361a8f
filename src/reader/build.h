/* build.h - how the files that make a snapshot work on it together, in the order below. Internal. */
#ifndef HAKMEM_READER_BUILD_H
#define HAKMEM_READER_BUILD_H

#include "heap/depot.h"
#include "heap/heap.h"
#include "pool/superslab.h"
#include "reader/source.h"

struct build {
    struct reader *reader;
    struct image_header image;
    struct reader_snapshot *snapshot;
    uint32_t *tags;    /* of all units */
    char *cells;       /* a copy of all cells, lowest address first, */
    uint64_t cells_at; /* which is this */
    uint64_t cells_bytes;
};

/* Memory of the snapshot's; NULL: out of it. */
void *build_take(struct build *build, size_t count, size_t element_bytes);

/* The copy of `bytes` at an address among the cells; NULL: they do not lie there. */
const void *build_cells(const struct build *build, uint64_t address, uint64_t bytes);

/* The functions below are false when there is no memory. */

/* superslabs.c: SuperSlab records, then runs and huge blocks (after the tags were read). */
bool build_superslabs(struct build *build);
bool build_large(struct build *build);

/* slabs.c: slabs and their maps. */
bool build_slabs(struct build *build);

/* guards.c: guarded blocks (after the tags and runs were read). */
bool build_guarded(struct build *build);

/* caches.c: heaps, the blocks in their caches and in the depot. */
bool build_heaps(struct build *build);
bool build_cached(struct build *build);

/* threads.c: which thread has which heap. */
void build_threads(struct build *build);

/* pages.c: which pages are resident. */
bool build_pages(struct build *build);

/* surplus.c: and which only because of huge pages. */
bool build_surplus(struct build *build);

/* mappings.c: the rest of the process. */
bool build_mappings(struct build *build);
uint64_t build_kernel_rss(struct reader *reader);

/* counters.c: the counters and options. */
bool build_counters(struct build *build);

#endif
