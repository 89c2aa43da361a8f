/* ptr.c - `hakmem ptr`: what lies at an address. */
#include "command.h"
#include "json.h"
#include "options.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    bool json;
} asked;

static const struct option_spec options[] = {
    {"json", OPTION_FLAG, &asked.json, NULL, "print JSON (docs/hakmem-ptr-schema.json)"},
};

static const struct command_spec command = {
    "ptr",
    "[option…] PID|CORE ADDRESS…",
    "Says what lies at an address (0x7f…, or decimal) of a running process or a core file: the block,\n"
    "its size, state, slab and thread, and its neighbours; or whose memory it is if not HAKMEM's.",
    options,
    sizeof options / sizeof options[0],
};

/* ---- what an address is */

enum what {
    WHAT_BLOCK,
    WHAT_SLAB_END,
    WHAT_RUN,
    WHAT_HUGE,
    WHAT_GUARDED,
    WHAT_FREE,
    WHAT_METADATA,
    WHAT_MAPPING,
    WHAT_NOTHING
};

static const char *const what_names[] = {"block", "slab_end", "run",     "huge",   "guarded",
                                         "free",  "metadata", "mapping", "nothing"};
static const char *const state_names[] = {"live", "free", "published", "cached"};
static const char *const cache_names[] = {"FastCache", "magazine", "depot"};
static const char *const superslab_names[] = {"not mapped",       "shared", "huge",
                                              "warm, in the LRU", "cold",   "on its way to the kernel"};

struct finding {
    uint64_t address;
    enum what what;
    uint64_t start, bytes; /* of the block, or of what else it is */
    enum reader_block_state state;
    const struct reader_slab *slab;
    unsigned block; /* its index in the slab */
    const struct reader_cached *cached;
    const struct reader_guarded *guarded;
    bool in_guarded;                /* in the block, not beside it */
    const struct reader_heap *heap; /* whose slab, or who keeps it */
    const struct reader_mapping *mapping;
    const char *detail;
};

static const struct reader_heap *heap_of(const struct reader_snapshot *snapshot, uint32_t number)
{
    return number ? reader_find_heap(snapshot, number) : NULL;
}

static void find_in_slab(const struct reader_snapshot *snapshot, struct finding *found)
{
    uint64_t base = reader_unit_address(snapshot, found->slab->unit);
    size_t size = reader_class_bytes(found->slab->size_class);
    found->block = (unsigned)((found->address - base) / size);
    found->heap = heap_of(snapshot, found->slab->heap);
    found->what = WHAT_SLAB_END;
    found->start = base + (uint64_t)found->slab->blocks * size;
    found->bytes = ((uint64_t)found->slab->units << READER_UNIT_LOG2) - found->slab->blocks * size;
    if (found->block >= found->slab->blocks)
        return;
    found->what = WHAT_BLOCK;
    found->start = base + found->block * size;
    found->bytes = size;
    found->state = reader_slab_state(found->slab, found->block);
    found->cached = reader_find_cached(snapshot, found->start);
}

/* Where it begins: the block, else the slot, or the unit. */
static void find_guarded(const struct reader_snapshot *snapshot, struct finding *found)
{
    const struct reader_guarded *guarded = reader_find_guarded(snapshot, found->address);
    found->guarded = guarded;
    if (!guarded)
        return;
    found->in_guarded = found->address - guarded->block < guarded->block_bytes;
    found->start = found->in_guarded ? guarded->block : guarded->slot;
    found->bytes = found->in_guarded ? guarded->block_bytes : guarded->slot_bytes;
    found->state = guarded->live ? READER_LIVE : READER_FREE;
}

static bool find_large(const struct reader_snapshot *snapshot, struct finding *found)
{
    const struct reader_run *run = reader_find_run(snapshot, found->address);
    const struct reader_huge *huge = run ? NULL : reader_find_huge(snapshot, found->address);
    if (run) {
        found->what = run->guarded ? WHAT_GUARDED : WHAT_RUN;
        found->start = reader_unit_address(snapshot, run->unit);
        found->bytes = (uint64_t)run->units << READER_UNIT_LOG2;
        found->state = run->cached ? READER_CACHED : READER_LIVE;
        found->heap = heap_of(snapshot, run->heap);
        if (run->guarded)
            find_guarded(snapshot, found);
    } else if (huge) {
        found->what = WHAT_HUGE;
        found->start = snapshot->base + huge->superslab * (uint64_t)reader_superslab_bytes(snapshot);
        found->bytes = huge->superslabs * (uint64_t)reader_superslab_bytes(snapshot);
    }
    return run || huge;
}

static bool find_free(const struct reader_snapshot *snapshot, struct finding *found)
{
    uint64_t unit = (found->address - snapshot->base) >> READER_UNIT_LOG2;
    if (found->address < snapshot->base || unit >= snapshot->units)
        return false;
    const struct reader_superslab *superslab = &snapshot->superslabs[unit / snapshot->superslab_units];
    if (superslab->kind == READER_SUPERSLAB_NONE)
        return false;
    bool shared = superslab->kind == READER_SUPERSLAB_SHARED;
    found->what = WHAT_FREE;
    found->state = READER_FREE;
    found->bytes = shared ? READER_UNIT_BYTES : reader_superslab_bytes(snapshot);
    found->start = found->address - (found->address - snapshot->base) % found->bytes;
    found->detail = superslab_names[superslab->kind];
    return true;
}

static bool find_metadata(const struct reader_snapshot *snapshot, struct finding *found)
{
    static const char *const names[] = {"tags and image header", "SuperSlab records", "heaps and FastCaches",
                                        "slab records and maps", "remote maps"};
    for (int kind = 0; kind < READER_METADATA_KINDS; kind++) {
        const struct reader_metadata *at = &snapshot->metadata[kind];
        if (found->address < at->start || found->address >= at->end)
            continue;
        found->what = WHAT_METADATA;
        found->start = at->start;
        found->bytes = at->end - at->start;
        found->detail = names[kind];
        return true;
    }
    return false;
}

static void find(const struct reader_snapshot *snapshot, uint64_t address, struct finding *found)
{
    *found = (struct finding){.address = address, .what = WHAT_NOTHING};
    found->slab = reader_find_slab(snapshot, address);
    if (found->slab) {
        find_in_slab(snapshot, found);
        return;
    }
    if (find_large(snapshot, found) || find_free(snapshot, found) || find_metadata(snapshot, found))
        return;
    found->mapping = reader_find_mapping(snapshot, address);
    if (found->mapping) {
        found->what = WHAT_MAPPING;
        found->start = found->mapping->start;
        found->bytes = found->mapping->end - found->mapping->start;
    }
}

/* ---- text */

static void print_heap(const struct reader_heap *heap, const char *before)
{
    if (!heap)
        return;
    printf("%s heap %u", before, heap->number);
    if (heap->commons)
        printf(" (the commons)");
    else if (heap->parked)
        printf(" (parked: it has no thread)");
    else if (heap->tid)
        printf(" (thread %d%s%s)", heap->tid, *heap->thread_name ? " " : "", heap->thread_name);
}

static void print_state(const struct finding *found)
{
    printf("%s", state_names[found->state]);
    if (found->cached) {
        printf(", in the %s", cache_names[found->cached->cache]);
        if (found->cached->heap)
            printf(" of heap %u", found->cached->heap);
    } else if (found->state == READER_PUBLISHED) {
        printf(": freed by another thread, not taken in yet");
    }
}

static void print_neighbour(const char *which, const struct finding *found, int step)
{
    int64_t block = (int64_t)found->block + step;
    if (block < 0 || block >= found->slab->blocks) {
        printf("  %-8s none: the slab %s here\n", which, step < 0 ? "begins" : "ends");
        return;
    }
    printf("  %-8s 0x%" PRIx64 "  %s\n", which, found->start + (uint64_t)((int64_t)found->bytes * step),
           state_names[reader_slab_state(found->slab, (unsigned)block)]);
}

static void print_block(const struct reader_snapshot *snapshot, const struct finding *found)
{
    const struct reader_slab *slab = found->slab;
    printf("block of %" PRIu64 " bytes at 0x%" PRIx64 ", %" PRIu64 " bytes into it: ", found->bytes,
           found->start, found->address - found->start);
    print_state(found);
    printf("\n  slab     0x%" PRIx64 ", %u KiB, %u of %u blocks live;",
           reader_unit_address(snapshot, slab->unit), slab->units * 64u, reader_slab_live(slab),
           slab->blocks);
    print_heap(found->heap, " of");
    printf("%s\n", slab->torn ? " (changed while it was read)" : "");
    print_neighbour("before", found, -1);
    print_neighbour("after", found, 1);
}

static void print_guarded(const struct finding *found)
{
    const struct reader_guarded *guarded = found->guarded;
    if (!guarded) {
        puts("guarded memory: inaccessible, beside or between sampled blocks, or blocks of size zero");
        return;
    }
    if (!found->in_guarded && found->address < guarded->block)
        printf("%" PRIu64 " bytes before a ", guarded->block - found->address);
    else if (!found->in_guarded)
        printf("%" PRIu64 " bytes behind the end of a ",
               found->address - guarded->block - guarded->block_bytes);
    printf("guarded block of %u bytes at 0x%" PRIx64, guarded->block_bytes, guarded->block);
    if (found->in_guarded)
        printf(", %" PRIu64 " bytes into it", found->address - guarded->block);
    printf(": %s; made by thread %d", guarded->live ? "live" : "free, not used again yet", guarded->made_by);
    if (guarded->freed_by)
        printf(", freed by thread %d", guarded->freed_by);
    putchar('\n');
}

static void print_finding(const struct reader_snapshot *snapshot, const struct finding *found)
{
    char size[NUMBER_BYTES];
    number_bytes((double)found->bytes, size);
    printf("0x%" PRIx64 ": ", found->address);
    switch (found->what) {
    case WHAT_BLOCK: print_block(snapshot, found); break;
    case WHAT_SLAB_END:
        printf("behind the last block of a slab of %zu-byte blocks: nothing lies here\n",
               reader_class_bytes(found->slab->size_class));
        break;
    case WHAT_RUN:
    case WHAT_HUGE:
        printf("%s of %s at 0x%" PRIx64 ", %" PRIu64 " bytes into it: %s",
               found->what == WHAT_RUN ? "run" : "huge block", size, found->start,
               found->address - found->start, state_names[found->state]);
        print_heap(found->heap, ", kept by");
        putchar('\n');
        break;
    case WHAT_GUARDED: print_guarded(found); break;
    case WHAT_FREE:
        printf("free memory of HAKMEM's (%s, %s at 0x%" PRIx64 ")\n", found->detail, size, found->start);
        break;
    case WHAT_METADATA: printf("HAKMEM's own records: %s\n", found->detail); break;
    case WHAT_MAPPING:
        printf("not HAKMEM's: %s, %s at 0x%" PRIx64 "\n",
               *found->mapping->name ? found->mapping->name : "a private mapping without a name", size,
               found->start);
        break;
    case WHAT_NOTHING: puts("nothing is mapped there"); break;
    }
}

/* ---- JSON */

static json_t *finding_json(const struct finding *found)
{
    json_t *object = json_object();
    bool block = found->what == WHAT_BLOCK || found->what == WHAT_RUN || found->what == WHAT_HUGE ||
                 found->in_guarded;
    int thread = found->in_guarded ? found->guarded->made_by : found->heap ? found->heap->tid : 0;
    json_object_set_new(object, "address", json_address(found->address));
    json_object_set_new(object, "what", json_string(what_names[found->what]));
    json_object_set_new(object, "start", found->bytes ? json_address(found->start) : json_null());
    json_object_set_new(object, "bytes", json_count(found->bytes));
    json_object_set_new(object, "offset", json_count(found->bytes ? found->address - found->start : 0));
    json_object_set_new(object, "state", block ? json_string(state_names[found->state]) : json_null());
    json_object_set_new(object, "cache",
                        found->cached ? json_string(cache_names[found->cached->cache]) : json_null());
    json_object_set_new(object, "heap", found->heap ? json_integer(found->heap->number) : json_null());
    json_object_set_new(object, "thread", thread ? json_integer(thread) : json_null());
    json_object_set_new(object, "mapping", found->mapping ? json_text(found->mapping->name) : json_null());
    return object;
}

/* ---- the command */

static bool address_read(const char *text, uint64_t *address)
{
    char *end;
    errno = 0;
    *address = strtoull(text, &end, 0);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static bool tell(struct reader *reader, char **words, int count)
{
    char error[READER_ERROR_BYTES];
    struct reader_snapshot *snapshot = reader_snapshot(reader, READER_MAPPINGS, error);
    bool done = true;
    if (!snapshot) {
        message_print("%s", error);
        return false;
    }
    json_t *object = json_object(), *array = json_array();
    for (int i = 0; i < count; i++) {
        struct finding found;
        uint64_t address = 0;
        address_read(words[i], &address);
        find(snapshot, address, &found);
        if (asked.json)
            json_array_append_new(array, finding_json(&found));
        else
            print_finding(snapshot, &found);
    }
    json_add_source(object, "hakmem-ptr", snapshot);
    json_object_set_new(object, "addresses", array);
    if (asked.json)
        done = json_print(object);
    else
        json_decref(object);
    reader_snapshot_free(snapshot);
    return done;
}

int command_ptr(int argc, char **argv)
{
    char error[READER_ERROR_BYTES];
    uint64_t address;
    int first = options_read(&command, argc, argv);
    if (first < 0)
        return first == OPTIONS_HELPED ? 0 : 2;
    if (argc - first < 2)
        return usage_error(command.name, "wants a process number or core file, and an address");
    for (int i = first + 1; i < argc; i++)
        if (!address_read(argv[i], &address))
            return usage_error(command.name, "'%s' is no address: give 0x… or a decimal number", argv[i]);
    struct reader *reader = reader_open(argv[first], error);
    if (!reader) {
        message_print("%s", error);
        return 1;
    }
    bool told = tell(reader, argv + first + 1, argc - first - 1);
    reader_close(reader);
    return told ? 0 : 1;
}
