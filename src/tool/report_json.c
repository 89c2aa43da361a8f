/* report_json.c - writes docs/hakmem-bench-schema.json's format. */
#include "hakmem.h"
#include "machine.h"
#include "report.h"
#include "text.h"
#include "verdict.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

enum { FORMAT_VERSION = 1 };

/* JSON has no NAN: null stands for what could not be measured. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *text_or_null(const char *text)
{
    return text && *text ? json_string(text) : json_null();
}

static json_t *interval_json(const struct interval *interval)
{
    if (!interval->valid)
        return json_null();
    json_t *object = json_object();
    json_object_set_new(object, "low", number(interval->low));
    json_object_set_new(object, "high", number(interval->high));
    json_object_set_new(object, "coverage", number(interval->coverage));
    return object;
}

static json_t *machine_json(void)
{
    struct machine machine;
    json_t *object = json_object();
    machine_read(&machine);
    json_object_set_new(object, "processor", json_string(machine.processor));
    json_object_set_new(object, "cores", json_integer(machine.cores));
    json_object_set_new(object, "kernel", json_string(machine.kernel));
    json_object_set_new(object, "date", json_string(machine.date));
    return object;
}

static json_t *allocators_json(const struct allocator_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++) {
        json_t *object = json_object();
        json_object_set_new(object, "name", json_string(list->item[i].name));
        json_object_set_new(object, "version", text_or_null(list->item[i].version));
        json_object_set_new(object, "path", text_or_null(list->item[i].path));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *metric_json(const struct results *results, size_t row, size_t allocator, enum metric metric)
{
    const double *values = results_values(results, row, allocator, metric);
    struct interval interval = stats_median_interval(values, results->runs, 0.95);
    json_t *object = json_object(), *runs = json_array();
    for (size_t i = 0; i < results->runs; i++)
        json_array_append_new(runs, number(values[i]));
    json_object_set_new(object, "median", number(results_median(results, row, allocator, metric)));
    json_object_set_new(object, "interval", interval_json(&interval));
    json_object_set_new(object, "ratio_to_best_peer", number(results_ratio(results, row, allocator, metric)));
    json_object_set_new(object, "runs", runs);
    return object;
}

static json_t *curve_json(const struct curve *curve)
{
    json_t *array = json_array();
    for (size_t i = 0; i < curve->count; i++)
        json_array_append_new(
            array, json_pack("[f, f]", (double)curve->point[i].seconds, (double)curve->point[i].kib * 1024));
    return array;
}

static json_t *result_json(const struct report *report, size_t row, size_t allocator)
{
    const struct results *results = report->results;
    json_t *object = json_object();
    json_object_set_new(object, "allocator", json_string(results->allocators->item[allocator].name));
    json_object_set_new(object, "failure", text_or_null(results_failure(results, row, allocator)));
    for (int metric = 0; metric < METRICS; metric++)
        if (results_best_peer(results, row, (enum metric)metric) != NO_ALLOCATOR)
            json_object_set_new(object, metric_info[metric].key,
                                metric_json(results, row, allocator, (enum metric)metric));
    if (report->curve)
        json_object_set_new(object, "rss_over_time", curve_json(report_curve(report, row, allocator)));
    return object;
}

static json_t *rows_json(const struct report *report)
{
    const struct results *results = report->results;
    json_t *rows = json_array();
    for (size_t row = 0; row < results->rows; row++) {
        json_t *object = json_object(), *array = json_array();
        for (size_t i = 0; i < results->allocators->count; i++)
            json_array_append_new(array, result_json(report, row, i));
        json_object_set_new(object, "name", json_string(results->row_name[row]));
        json_object_set_new(object, "results", array);
        json_array_append_new(rows, object);
    }
    return rows;
}

static json_t *means_json(const struct results *results)
{
    json_t *array = json_array();
    for (size_t i = 0; i < results->allocators->count; i++) {
        json_t *object = json_object();
        json_object_set_new(object, "allocator", json_string(results->allocators->item[i].name));
        for (int metric = 0; metric < METRICS; metric++)
            json_object_set_new(object, metric_info[metric].key,
                                number(results_geometric_mean(results, i, (enum metric)metric)));
        json_array_append_new(array, object);
    }
    return array;
}

static json_t *command_json(char *const *command)
{
    json_t *array = json_array();
    /* An argument that is no UTF-8 cannot be said in JSON. */
    for (; *command; command++) {
        json_t *word = json_string(*command);
        json_array_append_new(array, word ? word : json_null());
    }
    return array;
}

static json_t *verdict_json(const struct report *report)
{
    const struct results *results = report->results;
    size_t peer = results_best_peer(results, 0, METRIC_WALL);
    struct comparison speed = comparison_make(results, peer, METRIC_WALL);
    json_t *object = json_object();
    json_object_set_new(object, "text", text_or_null(report->verdict));
    json_object_set_new(object, "fastest_peer",
                        peer == NO_ALLOCATOR ? json_null()
                                             : json_string(results->allocators->item[peer].name));
    json_object_set_new(object, "speed_ratio", number(speed.ratio));
    json_object_set_new(object, "speed_interval", interval_json(&speed.interval));
    return object;
}

static json_t *report_json(const struct report *report)
{
    json_t *root = json_object();
    static const char *const kind[] = {
        [REPORT_BENCH] = "bench", [REPORT_COMPARE] = "compare", [REPORT_MEMORY] = "memory"};
    bool bench = report->kind != REPORT_COMPARE;
    json_object_set_new(root, "format", json_integer(FORMAT_VERSION));
    json_object_set_new(root, "kind", json_string(kind[report->kind]));
    json_object_set_new(
        root, "hakmem_command",
        json_sprintf("%d.%d.%d", HAKMEM_VERSION_MAJOR, HAKMEM_VERSION_MINOR, HAKMEM_VERSION_PATCH));
    json_object_set_new(root, "machine", machine_json());
    json_object_set_new(root, "runs", json_integer((json_int_t)report->results->runs));
    json_object_set_new(root, "allocators", allocators_json(report->results->allocators));
    if (report->command)
        json_object_set_new(root, "command", command_json(report->command));
    json_object_set_new(root, "benchmarks", rows_json(report));
    if (bench)
        json_object_set_new(root, "geometric_means", means_json(report->results));
    else
        json_object_set_new(root, "verdict", verdict_json(report));
    return root;
}

bool report_write_json(const struct report *report, const char *path)
{
    json_t *root = report_json(report);
    struct text text = {NULL, 0, 0};
    char *json = json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
    if (json)
        text_add(&text, "%s\n", json);
    else
        message_print("out of memory");
    free(json);
    json_decref(root);
    return text.length && report_write_text(&text, path);
}
