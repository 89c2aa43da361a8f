/* seed_html.c - what the page of the seed report is told. docs/pages.md has the format. */
#include "json.h"
#include "page.h"
#include "seed.h"
#include "text.h"

#include <stdlib.h>

enum { FORMAT_VERSION = 1 };

static json_t *counters_json(const struct seed_figures *figures)
{
    json_t *array = json_array();
    for (size_t i = 0; i < figures->counters; i++)
        json_array_append_new(array, json_pack("{s:s,s:o,s:o}", "name", figures->counter[i].name, "value",
                                               page_number(figures->counter[i].value), "each",
                                               page_number(figures->counter[i].each)));
    return array;
}

static json_t *rates_json(const struct seed_figures *figures)
{
    json_t *array = json_array();
    for (size_t i = 0; i < figures->rates; i++)
        json_array_append_new(array,
                              json_pack("{s:s,s:o,s:o,s:s}", "name", figures->rate[i].name, "percent",
                                        page_number(figures->rate[i].percent), "of",
                                        page_number(figures->rate[i].of), "unit", figures->rate[i].unit));
    return array;
}

static json_t *calls_json(const struct seed_figures *figures)
{
    json_t *array = json_array();
    for (size_t i = 0; i < figures->calls; i++) {
        const struct seed_call *call = &figures->call[i];
        json_array_append_new(array, json_pack("{s:s,s:f,s:f,s:f,s:f}", "name", call->name, "loop",
                                               call->loop, "loop_us", call->loop_us, "process", call->process,
                                               "process_us", call->process_us));
    }
    return array;
}

static json_t *costs_json(const struct seed_figures *figures)
{
    json_t *array = json_array();
    for (size_t i = 0; i < figures->costs; i++)
        json_array_append_new(array, json_pack("{s:f,s:f,s:s}", "percent", figures->cost[i].percent, "ms",
                                               figures->cost[i].ms, "text", figures->cost[i].text));
    return array;
}

static json_t *figures_json(const struct seed_figures *figures)
{
    json_t *object = json_object();
    json_object_set_new(object, "faults_loop", page_number(figures->faults_loop));
    json_object_set_new(object, "faults_process", page_number(figures->faults_process));
    json_object_set_new(object, "peak_rss_bytes", page_number(figures->peak_rss_bytes));
    json_object_set_new(object, "superslabs", page_number(figures->superslabs));
    json_object_set_new(object, "no_counters", json_text(figures->no_counters));
    json_object_set_new(object, "no_calls", json_text(figures->no_calls));
    json_object_set_new(object, "counters", counters_json(figures));
    json_object_set_new(object, "rates", rates_json(figures));
    json_object_set_new(object, "calls", calls_json(figures));
    json_object_set_new(object, "costs", costs_json(figures));
    return object;
}

static json_t *allocator_json(const struct seed_report *report, size_t index)
{
    const struct allocator *allocator = &report->request->allocators->item[index];
    const double *values = results_values(&report->results, 0, index, METRIC_OPS);
    struct interval interval = stats_median_interval(values, report->results.runs, 0.95);
    json_t *object = json_object();
    json_object_set_new(object, "name", json_text(allocator->name));
    json_object_set_new(object, "version", json_text(allocator->version));
    json_object_set_new(object, "path", json_text(allocator->path ? allocator->path : ""));
    json_object_set_new(object, "failure", json_text(results_failure(&report->results, 0, index)));
    json_object_set_new(object, "ops", page_number(results_median(&report->results, 0, index, METRIC_OPS)));
    json_object_set_new(object, "ratio", page_number(results_ratio(&report->results, 0, index, METRIC_OPS)));
    json_object_set_new(object, "low", page_number(interval.low));
    json_object_set_new(object, "high", page_number(interval.high));
    json_object_set_new(object, "figures", figures_json(&report->figures[index]));
    return object;
}

bool seed_write_html(const struct seed_report *report, const char *path)
{
    struct page_data data;
    char *conditions = seed_conditions(report), *command = seed_command_line(report);
    json_t *allocators = json_array();
    page_data_start(&data);
    for (size_t i = 0; i < report->request->allocators->count; i++)
        json_array_append_new(allocators, allocator_json(report, i));
    json_object_set_new(data.json, "kind", json_string("seed"));
    json_object_set_new(data.json, "version", json_integer(FORMAT_VERSION));
    json_object_set_new(data.json, "conditions", json_text(conditions));
    json_object_set_new(data.json, "command", json_text(command));
    json_object_set_new(data.json, "loop_ops", page_number(report->loop_ops));
    json_object_set_new(data.json, "allocators", allocators);
    bool written = page_write(PAGE_SEED, "HAKMEM: the seed report", &data, path);
    page_data_free(&data);
    free(conditions);
    free(command);
    return written;
}
