/* image.h - what a tool outside the process needs to read a heap: the header of the metadata.
 *
 * It stands at a fixed offset in its page and never moves. Everything else is found from it by
 * arithmetic alone, in memory that only grows. A reader checks magic, version and every bound. */
#ifndef HAKMEM_REGION_IMAGE_H
#define HAKMEM_REGION_IMAGE_H

#include <stdint.h>

#define IMAGE_MAGIC "HAKMEM\nI"
#define IMAGE_MAPPING_NAME "hakmem"

enum {
    IMAGE_VERSION = 1,
    IMAGE_OFFSET_BYTES = 3072, /* of the header in its page; SuperSlab records end here */
    IMAGE_HEADER_BYTES = 512,  /* the tags begin behind it */
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
};

#endif
