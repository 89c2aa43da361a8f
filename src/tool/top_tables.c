/* top_tables.c - a look's size classes, threads and parts as tables. */
#include "top.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct top_column class_columns[] = {
    {"slabs", 7, TOP_COUNT},
    {"blocks", 9, TOP_COUNT},
    {"in use", 8, TOP_PERCENT},
    {"live", 10, TOP_BYTES},
    {"free", 10, TOP_BYTES},
    {"cached", 10, TOP_BYTES},
    {"growth", 12, TOP_BYTES_PER_SECOND},
};
enum { CLASS_SLABS, CLASS_BLOCKS, CLASS_SHARE, CLASS_LIVE, CLASS_FREE, CLASS_CACHED, CLASS_GROWTH };

static const struct top_column thread_columns[] = {
    {"slabs", 7, TOP_COUNT},        {"live", 10, TOP_BYTES},          {"cached", 10, TOP_BYTES},
    {"magazines", 10, TOP_BYTES},   {"malloc>=", 10, TOP_PER_SECOND}, {"free>=", 10, TOP_PER_SECOND},
    {"remote", 10, TOP_PER_SECOND},
};
enum {
    THREAD_SLABS,
    THREAD_LIVE,
    THREAD_CACHED,
    THREAD_MAGAZINES,
    THREAD_MALLOCS,
    THREAD_FREES,
    THREAD_REMOTE
};

static const struct top_column part_columns[] = {
    {"resident", 12, TOP_BYTES},
    {"share", 8, TOP_PERCENT},
    {"change", 12, TOP_BYTES_PER_SECOND},
};
enum { PARTS_BYTES, PARTS_SHARE, PARTS_CHANGE };

#define COLUMNS(array) (sizeof(array) / sizeof(array)[0])

static void table_open(struct top_table *table, const char *title, int label_width,
                       const struct top_column *columns, size_t column_count, size_t rows)
{
    *table = (struct top_table){title, label_width, column_count, columns, NULL, 0};
    table->rows = memory_resize(NULL, rows, sizeof *table->rows);
}

static struct top_row *table_add(struct top_table *table, double key)
{
    struct top_row *row = &table->rows[table->row_count++];
    *row = (struct top_row){.key = key};
    return row;
}

static double per_second(const struct top_look *look, const struct top_counters *before, double change)
{
    double seconds = look->counters.at_s - before->at_s;
    return before->at_s > 0 && seconds > 0 ? change / seconds : (double)NAN;
}

/* ---- size classes */

static void fill_classes(struct top_look *look, const struct reader_parts *parts,
                         const struct top_counters *before)
{
    struct top_table *table = &look->tables[TABLE_CLASSES];
    table_open(table, "class", 8, class_columns, COLUMNS(class_columns), READER_CLASSES);
    for (unsigned c = 0; c < READER_CLASSES; c++) {
        const struct reader_class_parts *class = &parts->classes[c];
        size_t size = reader_class_bytes(c);
        if (!class->slabs)
            continue;
        struct top_row *row = table_add(table, (double)size);
        snprintf(row->label, sizeof row->label, "%zu", size);
        row->value[CLASS_SLABS] = (double)class->slabs;
        row->value[CLASS_BLOCKS] = (double)class->live_blocks;
        row->value[CLASS_SHARE] = class->blocks ? 100.0 * (double)class->live_blocks / (double)class->blocks
                                                : (double)NAN;
        row->value[CLASS_LIVE] = (double)class->live_bytes;
        row->value[CLASS_FREE] = (double)(class->pinned_bytes + class->free_page_bytes);
        row->value[CLASS_CACHED] = (double)(class->cached_blocks + class->published_blocks) * (double)size;
        row->value[CLASS_GROWTH] = per_second(
            look, before, (double)class->live_bytes - (double)before->class_live_bytes[c]);
    }
}

/* ---- threads */

static void name_thread(const struct reader_heap *heap, struct top_row *row)
{
    if (heap->commons)
        snprintf(row->label, sizeof row->label, "the commons");
    else if (heap->parked)
        snprintf(row->label, sizeof row->label, "parked (heap %u)", heap->number);
    else if (heap->tid)
        snprintf(row->label, sizeof row->label, "%d %s", heap->tid, heap->thread_name);
    else
        snprintf(row->label, sizeof row->label, "heap %u", heap->number);
}

static const struct top_heap_counters *find_counters(const struct top_counters *before, uint32_t number)
{
    for (size_t i = 0; i < before->heap_count; i++)
        if (before->heaps[i].number == number)
            return &before->heaps[i];
    return NULL;
}

static void fill_thread_rates(struct top_look *look, const struct top_counters *before,
                              const struct reader_heap *heap, struct top_row *row)
{
    static const struct top_heap_counters none = {0};
    const struct top_heap_counters *then = find_counters(before, heap->number);
    if (!then)
        then = &none;
    double flushed = (double)(heap->flush_blocks - then->flush_blocks);
    double remote = (double)(heap->remote_frees - then->remote_frees);
    row->value[THREAD_MALLOCS] = per_second(look, before,
                                            (double)(heap->refill_blocks - then->refill_blocks));
    row->value[THREAD_FREES] = per_second(look, before, flushed + remote);
    row->value[THREAD_REMOTE] = per_second(look, before, remote);
}

/* Slabs and live bytes of each heap, by its place in the snapshot. */
static void add_slabs(const struct reader_snapshot *snapshot, struct top_row *rows)
{
    for (size_t i = 0; i < snapshot->slab_count; i++) {
        const struct reader_slab *slab = &snapshot->slabs[i];
        const struct reader_heap *heap = reader_find_heap(snapshot, slab->heap);
        if (!heap)
            continue;
        struct top_row *row = &rows[heap - snapshot->heaps];
        row->value[THREAD_SLABS] += 1;
        row->value[THREAD_LIVE] += (double)reader_slab_live(slab) *
                                   (double)reader_class_bytes(slab->size_class);
    }
}

static void fill_threads(struct top_look *look, const struct reader_snapshot *snapshot,
                         const struct reader_parts *parts, const struct top_counters *before)
{
    struct top_table *table = &look->tables[TABLE_THREADS];
    table_open(table, "thread", 24, thread_columns, COLUMNS(thread_columns), snapshot->heap_count);
    for (size_t i = 0; i < snapshot->heap_count; i++) {
        const struct reader_heap *heap = &snapshot->heaps[i];
        struct top_row *row = table_add(table, heap->tid ? heap->tid : 1e9 + heap->number);
        name_thread(heap, row);
        row->value[THREAD_CACHED] = (double)(parts->heaps[i].fastcache_bytes + parts->heaps[i].run_bytes);
        row->value[THREAD_MAGAZINES] = (double)parts->heaps[i].magazine_bytes;
        fill_thread_rates(look, before, heap, row);
    }
    add_slabs(snapshot, table->rows);
}

/* ---- parts */

static void fill_parts(struct top_look *look, const struct reader_parts *parts,
                       const struct top_counters *before)
{
    struct top_table *table = &look->tables[TABLE_PARTS];
    table_open(table, "part of the resident memory", 44, part_columns, COLUMNS(part_columns), READER_PARTS);
    for (int part = 0; part < READER_PARTS; part++) {
        if (!parts->bytes[part])
            continue;
        struct top_row *row = table_add(table, part);
        snprintf(row->label, sizeof row->label, "%s", reader_part_title((enum reader_part)part));
        row->value[PARTS_BYTES] = (double)parts->bytes[part];
        row->value[PARTS_SHARE] = 100.0 * (double)parts->bytes[part] / (double)parts->sum_bytes;
        row->value[PARTS_CHANGE] = per_second(look, before,
                                              (double)parts->bytes[part] - (double)before->part_bytes[part]);
    }
}

void top_tables_fill(struct top_look *look, const struct reader_snapshot *snapshot,
                     const struct reader_parts *parts, const struct top_counters *before)
{
    fill_classes(look, parts, before);
    fill_threads(look, snapshot, parts, before);
    fill_parts(look, parts, before);
}

/* ---- order */

struct order {
    size_t column;
    bool ascending;
};

/* What is not known comes last, equals in the order of their keys. */
static int compare_rows(const void *a, const void *b, void *argument)
{
    const struct top_row *x = a, *y = b;
    const struct order *order = argument;
    double left = order->column ? x->value[order->column - 1] : x->key;
    double right = order->column ? y->value[order->column - 1] : y->key;
    if (isnan(left) != isnan(right))
        return isnan(left) ? 1 : -1;
    if (isnan(left) || left == right)
        return (x->key > y->key) - (x->key < y->key);
    int larger = (left > right) - (left < right);
    return order->ascending ? larger : -larger;
}

void top_table_sort(struct top *top, enum top_table_name name)
{
    struct top_table *table = &top->look.tables[name];
    struct order order = {top->sort[name], top->ascending[name]};
    if (table->row_count)
        qsort_r(table->rows, table->row_count, sizeof *table->rows, compare_rows, &order);
}

void top_table_set_orders(struct top *top)
{
    top->sort[TABLE_CLASSES] = 1 + CLASS_LIVE;
    top->sort[TABLE_THREADS] = 1 + THREAD_LIVE;
    top->sort[TABLE_PARTS] = 0;
    top->ascending[TABLE_PARTS] = true;
}
