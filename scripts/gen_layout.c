/* gen_layout < script > script: fills in how HAKMEM's records are laid out, for the extension of gdb.
 *
 * The line @LAYOUT@ becomes Python: for each record its size, and for each of its fields the offset and
 * the size of one element. The compiler knows them; nothing is copied by hand. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "heap/depot.h"
#include "heap/guard_slots.h"
#include "heap/heap.h"
#include "pool/superslab.h"
#include "region/image.h"
#include "slab/slab.h"

struct field {
    const char *record, *name;
    size_t offset, bytes;
};

#define RECORD(type)                                                                                         \
    {                                                                                                        \
#type, NULL, 0, sizeof(struct type)                                                                  \
    }
#define FIELD(type, field)                                                                                   \
    {                                                                                                        \
#type, #field, offsetof(struct type, field), sizeof(((struct type *)0)->field)                       \
    }
#define ARRAY(type, field)                                                                                   \
    {                                                                                                        \
#type, #field, offsetof(struct type, field), sizeof(((struct type *)0)->field[0])                    \
    }

static const struct field fields[] = {
    RECORD(image_header),
    FIELD(image_header, version),
    FIELD(image_header, header_bytes),
    FIELD(image_header, unit_log2),
    FIELD(image_header, superslab_units),
    FIELD(image_header, size_classes),
    FIELD(image_header, slab_record_bytes),
    FIELD(image_header, superslab_record_bytes),
    FIELD(image_header, heap_bytes),
    FIELD(image_header, base),
    FIELD(image_header, tags),
    FIELD(image_header, superslabs),
    FIELD(image_header, slabs),
    FIELD(image_header, remote_maps),
    FIELD(image_header, remote_units),
    FIELD(image_header, units),
    FIELD(image_header, size_class_table),
    FIELD(image_header, library),
    FIELD(image_header, depot),
    FIELD(image_header, depot_shards),
    FIELD(image_header, newest_heap),
    FIELD(image_header, commons),
    FIELD(image_header, guard_slot_bytes),
    FIELD(image_header, guard_slots),
    FIELD(image_header, guard_first_slot),
    RECORD(guard_slot),
    FIELD(guard_slot, memory),
    FIELD(guard_slot, memory_bytes),
    FIELD(guard_slot, state),
    FIELD(guard_slot, block),
    FIELD(guard_slot, size),
    RECORD(size_class),
    FIELD(size_class, size_bytes),
    RECORD(superslab),
    FIELD(superslab, kind),
    FIELD(superslab, span),
    FIELD(superslab, from_first),
    FIELD(superslab, units),
    RECORD(slab),
    FIELD(slab, free_blocks),
    FIELD(slab, blocks),
    FIELD(slab, size_class),
    FIELD(slab, unit_offset),
    FIELD(slab, owner),
    ARRAY(slab, words_inline),
    FIELD(slab, remote_summary),
    ARRAY(slab, remote_inline),
    RECORD(heap),
    ARRAY(heap, top),
    ARRAY(heap, limit),
    ARRAY(heap, capacity),
    FIELD(heap, number),
    FIELD(heap, has_slabs),
    FIELD(heap, parked),
    FIELD(heap, next_heap),
    RECORD(heap_bins),
    ARRAY(heap_bins, magazines),
    ARRAY(heap_bins, cached_runs),
    RECORD(magazine),
    FIELD(magazine, next),
    FIELD(magazine, count),
    FIELD(magazine, size_class),
    ARRAY(magazine, blocks),
    RECORD(depot_shard),
    ARRAY(depot_shard, bins),
    RECORD(depot_bin),
    FIELD(depot_bin, full),
};

static const struct {
    const char *name;
    long long value;
} constants[] = {
    {"IMAGE_VERSION", IMAGE_VERSION},
    {"IMAGE_OFFSET", IMAGE_OFFSET_BYTES},
    {"SLAB_MAP_BYTES", SLAB_MAP_BYTES},
    {"INLINE_BLOCKS", SLAB_INLINE_WORDS * 64},
    {"WIDE_UNITS", WIDE_UNITS},
    {"RUN_CACHE_UNITS", RUN_CACHE_UNITS},
    {"HEAP_BINS_OFFSET", HEAP_BINS_OFFSET},
    {"TAG_OWNED", TAG_OWNED},
    {"TAG_RUN", TAG_RUN},
    {"TAG_RUN_INNER", TAG_RUN_INNER},
    {"TAG_HUGE", TAG_HUGE},
    {"TAG_GUARDED", TAG_GUARDED},
    {"GUARD_LIVE", GUARD_LIVE},
    {"GUARD_FREED", GUARD_FREED},
    {"SUPERSLAB_NONE", SUPERSLAB_NONE},
    {"SUPERSLAB_SHARED", SUPERSLAB_SHARED},
    {"SUPERSLAB_HUGE", SUPERSLAB_HUGE},
    {"SUPERSLAB_WARM", SUPERSLAB_WARM},
};

static void print_layout(void)
{
    puts("LAYOUT = {");
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const struct field *field = &fields[i];
        printf("    ('%s', '%s'): (%zu, %zu),\n", field->record, field->name ? field->name : "",
               field->offset, field->bytes);
    }
    puts("}");
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
        printf("%s = %lld\n", constants[i].name, constants[i].value);
    printf("IMAGE_MAGIC = b'");
    for (size_t i = 0; i < sizeof IMAGE_MAGIC - 1; i++)
        printf("\\x%02x", (unsigned char)IMAGE_MAGIC[i]);
    printf("'\n");
}

int main(void)
{
    char line[1024];
    while (fgets(line, sizeof line, stdin))
        if (strcmp(line, "@LAYOUT@\n") == 0)
            print_layout();
        else
            fputs(line, stdout);
    return ferror(stdin) || fflush(stdout) != 0;
}
