/* explain_json.c - an explanation in the format of docs/hakmem-explain-schema.json. */
#include "explain.h"

#include "json.h"

static json_t *parts_json(const struct reader_parts *parts)
{
    json_t *array = json_array();
    for (int part = 0; part < READER_PARTS; part++) {
        json_t *object = json_object();
        json_object_set_new(object, "name", json_string(reader_part_name((enum reader_part)part)));
        json_object_set_new(object, "title", json_string(reader_part_title((enum reader_part)part)));
        json_object_set_new(object, "hakmem", json_boolean(reader_part_is_ours((enum reader_part)part)));
        json_object_set_new(object, "bytes", json_count(parts->bytes[part]));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *class_json(unsigned size_class, const struct reader_class_parts *class)
{
    json_t *object = json_object();
    json_object_set_new(object, "block_bytes", json_count(reader_class_bytes(size_class)));
    json_object_set_new(object, "slabs", json_count(class->slabs));
    json_object_set_new(object, "blocks", json_count(class->blocks));
    json_object_set_new(object, "live_blocks", json_count(class->live_blocks));
    json_object_set_new(object, "free_blocks", json_count(class->free_blocks));
    json_object_set_new(object, "published_blocks", json_count(class->published_blocks));
    json_object_set_new(object, "cached_blocks", json_count(class->cached_blocks));
    json_object_set_new(object, "live_bytes", json_count(class->live_bytes));
    json_object_set_new(object, "pinned_bytes", json_count(class->pinned_bytes));
    json_object_set_new(object, "free_page_bytes", json_count(class->free_page_bytes));
    json_object_set_new(object, "huge_page_bytes", json_count(class->huge_page_bytes));
    return object;
}

static json_t *classes_json(const struct reader_parts *parts)
{
    json_t *array = json_array();
    for (unsigned c = 0; c < READER_CLASSES; c++)
        if (parts->classes[c].slabs)
            json_array_append_new(array, class_json(c, &parts->classes[c]));
    return array;
}

static json_t *heaps_json(const struct reader_snapshot *snapshot, const struct reader_parts *parts)
{
    json_t *array = json_array();
    for (size_t i = 0; i < parts->heap_count; i++) {
        const struct reader_heap *heap = &snapshot->heaps[i];
        json_t *object = json_object();
        json_object_set_new(object, "heap", json_integer(heap->number));
        json_object_set_new(object, "state",
                            json_string(heap->commons  ? "commons"
                                        : heap->parked ? "parked"
                                        : heap->busy   ? "busy"
                                                       : "young"));
        json_object_set_new(object, "thread", heap->tid ? json_integer(heap->tid) : json_null());
        json_object_set_new(object, "thread_name", json_text(heap->thread_name));
        json_object_set_new(object, "fastcache_blocks", json_count(parts->heaps[i].fastcache_blocks));
        json_object_set_new(object, "fastcache_bytes", json_count(parts->heaps[i].fastcache_bytes));
        json_object_set_new(object, "magazine_bytes", json_count(parts->heaps[i].magazine_bytes));
        json_object_set_new(object, "run_bytes", json_count(parts->heaps[i].run_bytes));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *growth_json(const struct reader_growth *growth)
{
    if (growth->seconds <= 0)
        return json_null();
    json_t *object = json_object();
    json_object_set_new(object, "seconds", json_real(growth->seconds));
    json_object_set_new(object, "live_bytes", json_integer(growth->live_bytes));
    return object;
}

static json_t *advice_json(const struct reader_advice *advice)
{
    json_t *object = json_object();
    json_object_set_new(object, "verdict", json_string(reader_verdict_name(advice->verdict)));
    json_object_set_new(object, "text", json_text(advice->text));
    json_object_set_new(object, "knob", *advice->knob ? json_string(advice->knob) : json_null());
    json_object_set_new(object, "gain_bytes", json_count(advice->gain_bytes));
    return object;
}

static json_t *skipped_json(const struct reader_skipped *skipped)
{
    json_t *object = json_object();
    json_object_set_new(object, "slabs", json_count(skipped->slabs));
    json_object_set_new(object, "caches", json_count(skipped->caches));
    json_object_set_new(object, "records", json_count(skipped->records));
    json_object_set_new(object, "unreadable_bytes", json_count(skipped->unreadable_bytes));
    return object;
}

json_t *explain_json(const struct explanation *told)
{
    static const char *const residency[] = {"unknown", "exact", "core"};
    const struct reader_snapshot *snapshot = told->snapshot;
    json_t *object = json_object();
    json_add_source(object, "hakmem-explain", snapshot);
    json_object_set_new(object, "residency", json_string(residency[snapshot->residency]));
    json_object_set_new(object, "rss_bytes",
                        snapshot->rss_bytes ? json_count(snapshot->rss_bytes) : json_null());
    json_object_set_new(object, "sum_bytes", json_count(told->parts->sum_bytes));
    json_object_set_new(object, "swap_bytes", json_count(snapshot->swap_bytes));
    json_object_set_new(object, "rounding_bytes", json_count(told->parts->rounding_bytes));
    json_object_set_new(object, "parts", parts_json(told->parts));
    json_object_set_new(object, "classes", classes_json(told->parts));
    json_object_set_new(object, "heaps", heaps_json(snapshot, told->parts));
    json_object_set_new(object, "growth", growth_json(told->growth));
    json_object_set_new(object, "advice", advice_json(told->advice));
    json_object_set_new(object, "skipped", skipped_json(&snapshot->skipped));
    return object;
}

bool explain_write_json(const struct explanation *told)
{
    return json_print(explain_json(told));
}
