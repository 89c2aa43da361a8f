/* map_page.c - what the map's page is told: facts as JSON, cells as columns. docs/pages.md has both. */
#define _GNU_SOURCE 1

#include "map_page.h"

#include "json.h"
#include "map_blocks.h"
#include "page.h"
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FORMAT_VERSION = 1 };

/* By name, without directories; of a command line, the first word. */
static void program_name(const struct reader_snapshot *snapshot, char name[READER_NAME_BYTES])
{
    snprintf(name, READER_NAME_BYTES, "%s", snapshot->program);
    name[strcspn(name, " ")] = '\0';
    const char *slash = strrchr(name, '/');
    if (slash && slash[1])
        memmove(name, slash + 1, strlen(slash + 1) + 1);
}

char *map_title(const struct reader_snapshot *snapshot)
{
    char name[READER_NAME_BYTES];
    struct text title = {NULL, 0, 0};
    program_name(snapshot, name);
    text_add(&title, "Heap of %s", *name ? name : "a program");
    return title.data;
}

static json_t *time_json(uint64_t since_1970_ms)
{
    char buffer[32];
    time_t seconds = (time_t)(since_1970_ms / 1000);
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(buffer, sizeof buffer, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return json_string(buffer);
}

static json_t *classes_json(void)
{
    json_t *array = json_array();
    for (unsigned i = 0; i < READER_CLASSES; i++) {
        json_int_t bytes = (json_int_t)reader_class_bytes(i);
        int units = (int)reader_class_units(i), blocks = (int)reader_class_blocks(i);
        json_array_append_new(array,
                              json_pack("{s:I,s:i,s:i}", "bytes", bytes, "blocks", blocks, "units", units));
    }
    return array;
}

static json_t *heaps_json(const struct reader_snapshot *snapshot)
{
    json_t *array = json_array();
    for (size_t i = 0; i < snapshot->heap_count; i++) {
        const struct reader_heap *heap = &snapshot->heaps[i];
        const char *state = heap->commons ? "commons" : heap->parked ? "parked" : "thread";
        json_array_append_new(array,
                              json_pack("{s:I,s:o,s:i,s:s}", "number", (json_int_t)heap->number, "name",
                                        json_text(heap->thread_name), "tid", heap->tid, "state", state));
    }
    return array;
}

static json_t *frame_json(const struct map_frame *frame)
{
    const struct map_totals *totals = &frame->totals;
    json_t *object = json_object();
    json_object_set_new(object, "at_ms", json_count(frame->at_ms));
    json_object_set_new(object, "units", json_count(frame->units));
    json_object_set_new(object, "changes", json_count(frame->changes));
    json_object_set_new(object, "rss_bytes", json_count(totals->rss_bytes));
    json_object_set_new(object, "live_bytes", json_count(totals->live_bytes));
    json_object_set_new(object, "free_bytes", json_count(totals->free_bytes));
    json_object_set_new(object, "cached_bytes", json_count(totals->cached_bytes));
    json_object_set_new(object, "kept_bytes", json_count(totals->kept_bytes));
    json_object_set_new(object, "metadata_bytes", json_count(totals->metadata_bytes));
    json_object_set_new(object, "other_bytes", json_count(totals->other_bytes));
    return object;
}

static json_t *frames_json(const struct map_recording *recording)
{
    json_t *array = json_array();
    for (size_t i = 0; i < recording->frames; i++)
        json_array_append_new(array, frame_json(&recording->frame[i]));
    return array;
}

static json_t *skipped_json(const struct reader_skipped *skipped)
{
    return json_pack("{s:I,s:I,s:I,s:I}", "slabs", (json_int_t)skipped->slabs, "caches",
                     (json_int_t)skipped->caches, "records", (json_int_t)skipped->records, "unreadable_bytes",
                     (json_int_t)skipped->unreadable_bytes);
}

static const char *residency_name(enum reader_residency residency)
{
    return residency == READER_RESIDENCY_EXACT  ? "exact"
           : residency == READER_RESIDENCY_CORE ? "core"
                                                : "unknown";
}

static void facts_add(json_t *json, const struct map_page *map)
{
    const struct reader_snapshot *snapshot = map->last;
    char name[READER_NAME_BYTES];
    program_name(snapshot, name);
    json_object_set_new(json, "kind", json_string("map"));
    json_object_set_new(json, "version", json_integer(FORMAT_VERSION));
    json_object_set_new(json, "program", json_text(name));
    json_object_set_new(json, "pid", json_integer(snapshot->pid));
    json_object_set_new(json, "source", json_string(snapshot->source == READER_CORE ? "core" : "process"));
    json_object_set_new(json, "stopped", json_boolean(snapshot->stopped));
    json_object_set_new(json, "library", json_text(snapshot->library));
    json_object_set_new(json, "taken", time_json(snapshot->taken_ms));
    json_object_set_new(json, "read_ms", json_real((double)snapshot->read_us / 1e3));
    json_object_set_new(json, "base", json_address(snapshot->base));
    json_object_set_new(json, "superslab_units", json_integer(snapshot->superslab_units));
    json_object_set_new(json, "page_bytes", json_integer(snapshot->page_bytes));
    json_object_set_new(json, "residency", json_string(residency_name(snapshot->residency)));
    json_object_set_new(json, "classes", classes_json());
    json_object_set_new(json, "heaps", heaps_json(snapshot));
    json_object_set_new(json, "frames", frames_json(map->recording));
    json_object_set_new(json, "recording_cut", json_boolean(map->recording->cut));
    json_object_set_new(json, "skipped", skipped_json(&snapshot->skipped));
    json_object_set_new(json, "colour", json_string(map->colour));
}

static void column_add(struct page_data *data, const char *prefix, const char *name, enum page_type type,
                       const struct map_cell *cells, size_t count, size_t offset)
{
    char full[32];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    page_data_add(data, full, type, (const char *)cells + offset, count, sizeof *cells);
}

static void columns_add(struct page_data *data, const char *prefix, const struct map_cell *cells,
                        size_t count)
{
    static const struct {
        const char *name;
        enum page_type type;
        size_t offset;
    } column[] = {
        {"kind", PAGE_U8, offsetof(struct map_cell, kind)},
        {"class", PAGE_U8, offsetof(struct map_cell, size_class)},
        {"flags", PAGE_U8, offsetof(struct map_cell, flags)},
        {"heap", PAGE_U16, offsetof(struct map_cell, heap)},
        {"live", PAGE_U16, offsetof(struct map_cell, live)},
        {"published", PAGE_U16, offsetof(struct map_cell, published)},
        {"cached", PAGE_U16, offsetof(struct map_cell, cached)},
        {"resident", PAGE_U16, offsetof(struct map_cell, resident)},
        {"pages_low", PAGE_U32, offsetof(struct map_cell, pages)},
        {"pages_high", PAGE_U32, offsetof(struct map_cell, pages) + 4},
    };
    for (size_t i = 0; i < sizeof column / sizeof column[0]; i++)
        column_add(data, prefix, column[i].name, column[i].type, cells, count, column[i].offset);
}

bool map_page_write(const struct map_page *map, const char *path)
{
    const struct map_recording *recording = map->recording;
    struct page_data data;
    page_data_start(&data);
    facts_add(data.json, map);
    columns_add(&data, "", recording->first.cell, recording->first.units);
    columns_add(&data, "change_", recording->change, recording->changes);
    page_data_add(&data, "change_unit", PAGE_U32, recording->change_unit, recording->changes,
                  sizeof *recording->change_unit);
    struct map_blocks blocks = map_blocks_add(&data, map->last, map->detail_bytes);
    json_object_set_new(data.json, "detail",
                        json_pack("{s:I,s:I,s:I}", "slabs", (json_int_t)blocks.slabs, "partial_slabs",
                                  (json_int_t)blocks.partial_slabs, "limit_bytes",
                                  (json_int_t)map->detail_bytes));
    char *title = map_title(map->last);
    bool written = page_write(PAGE_MAP, title, &data, path);
    free(title);
    page_data_free(&data);
    return written;
}
