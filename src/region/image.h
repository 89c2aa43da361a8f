/* image.h - what a tool outside the process needs to read a heap: the header of the metadata.
 *
 * It stands at a fixed offset in its page and never moves. The payload's records are found from it by
 * arithmetic alone, in memory that only grows; what the other floors keep, by the addresses that each
 * writes here when it starts (0 until then). A reader (reader/reader.h) checks magic, version, the size
 * of every record and every bound. */
#ifndef HAKMEM_REGION_IMAGE_H
#define HAKMEM_REGION_IMAGE_H

#include <stdint.h>

#define IMAGE_MAGIC "HAKMEM\nI"
#define IMAGE_MAPPING_NAME "hakmem"

enum {
    IMAGE_VERSION = 3,
    IMAGE_OFFSET_BYTES = 3072, /* of the header in its page; SuperSlab records end here */
    IMAGE_HEADER_BYTES = 512,  /* the tags begin behind it */
    IMAGE_LIBRARY_BYTES = 16,
};

struct image_header {
    char magic[8];
    uint32_t version;
    uint32_t header_bytes;
    uint32_t unit_log2;
    uint32_t superslab_units;
    uint32_t size_classes;
    uint32_t superslab_record_bytes;
    uint32_t slab_record_bytes;
    uint32_t slab_map_bytes; /* of one unit, local and remote alike */
    uint32_t cell_bytes;
    uint32_t process;     /* of the process that made it: a fork's child has another */
    uint64_t base;        /* address of unit 0 */
    uint64_t tags;        /* uint32_t a unit, upwards */
    uint64_t superslabs;  /* record i ends at superslabs - i * superslab_record_bytes */
    uint64_t slabs;       /* for each SuperSlab: its slab records, then their maps */
    uint64_t remote_maps; /* one a unit, mapped below remote_units only */
    uint64_t cells;       /* cell i ends at cells - i * cell_bytes: heaps and their arrays */
    uint64_t units;       /* units below this have a tag */
    uint64_t cells_used;
    uint64_t remote_units;
    uint64_t size_class_table; /* address of the struct size_class array */

    char library[IMAGE_LIBRARY_BYTES]; /* its version: "1.2.3" */
    uint32_t heap_bytes;               /* of struct heap, before what follows it in its cell, */
    uint32_t heap_bins_bytes;          /* of struct heap_bins, */
    uint32_t magazine_bytes;           /* of struct magazine */
    uint32_t depot_shard_bytes;        /* and of struct depot_shard */
    uint32_t depot_shards;
    uint32_t option_count; /* uint32_t each, in the order of base/options.def */
    uint64_t options;
    uint64_t vm_calls;      /* address of struct vm_calls */
    uint64_t pool_counters; /* uint64_t each: dirty hits, clean; LRU hits, misses, evictions */
    uint64_t depot;         /* address of the first shard */
    uint64_t scavenger;     /* address of struct scavenger_stats */
    uint64_t newest_heap;   /* address; others by next_heap */
    uint64_t commons;       /* address of the heap that young threads share */

    uint32_t guard_slot_bytes;   /* of struct guard_slot */
    uint32_t guard_slots;        /* their number, */
    uint64_t guard_first_slot;   /* and the first's address */
    uint32_t guard_places_bytes; /* of struct guard_places */
    uint32_t guard_places;
    uint64_t guard_first_places;
};

#endif
