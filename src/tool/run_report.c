/* run_report.c - what the page of a run is told. docs/pages.md has the format. */
#define _GNU_SOURCE 1

#include "run_report.h"

#include "json.h"
#include "machine.h"
#include "markup.h"
#include "page.h"
#include "run_record.h"
#include "text.h"
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FORMAT_VERSION = 1 };

static json_t *command_json(char *const *argv)
{
    struct text command = {NULL, 0, 0};
    for (char *const *word = argv; *word; word++) {
        markup_add_shell_word(&command, *word);
        text_add(&command, "%s", word[1] ? " " : "");
    }
    json_t *json = json_text(command.data);
    text_free(&command);
    return json;
}

static json_t *end_json(int wait_status)
{
    char text[80];
    bool well = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
    if (WIFSIGNALED(wait_status))
        snprintf(text, sizeof text, "killed by signal %d (%s)", WTERMSIG(wait_status),
                 strsignal(WTERMSIG(wait_status)));
    else
        snprintf(text, sizeof text, "exit status %d", WEXITSTATUS(wait_status));
    return json_pack("{s:s,s:b}", "text", text, "well", well);
}

static json_t *column_json(const struct run_record *record, size_t offset)
{
    json_t *array = json_array();
    for (size_t i = 0; i < record->samples; i++) {
        double value;
        memcpy(&value, (const char *)&record->sample[i] + offset, sizeof value);
        json_array_append_new(array, page_number(value));
    }
    return array;
}

static json_t *samples_json(const struct run_record *record)
{
    json_t *object = json_object();
    json_object_set_new(object, "at_s", column_json(record, offsetof(struct run_sample, at_s)));
    json_object_set_new(object, "rss_bytes", column_json(record, offsetof(struct run_sample, rss_bytes)));
    json_object_set_new(object, "live_bytes", column_json(record, offsetof(struct run_sample, live_bytes)));
    json_object_set_new(object, "free_bytes", column_json(record, offsetof(struct run_sample, free_bytes)));
    json_object_set_new(object, "cached_bytes",
                        column_json(record, offsetof(struct run_sample, cached_bytes)));
    json_object_set_new(object, "kept_bytes", column_json(record, offsetof(struct run_sample, kept_bytes)));
    json_object_set_new(object, "metadata_bytes",
                        column_json(record, offsetof(struct run_sample, metadata_bytes)));
    return object;
}

static void moment_add(json_t *moments, const char *name, struct run_moment moment)
{
    if (!moment.explanation)
        return;
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(name));
    json_object_set_new(object, "at_s", page_number(moment.at_s));
    json_object_set(object, "explanation", moment.explanation);
    json_array_append_new(moments, object);
}

static json_t *moments_json(struct run_record *record)
{
    json_t *moments = json_array();
    struct run_moment last = run_record_last(record);
    moment_add(moments, "peak", record->peak);
    if (last.at_s > record->peak.at_s)
        moment_add(moments, "last", last);
    json_decref(last.explanation);
    return moments;
}

static json_t *counters_json(const struct reader_snapshot *last)
{
    if (!last)
        return json_null();
    const struct hakmem_stats *stats = &last->stats;
    json_t *object = json_object();
    json_object_set_new(object, "refills", json_count(stats->refills));
    json_object_set_new(object, "refill_blocks", json_count(stats->refill_blocks));
    json_object_set_new(object, "flushes", json_count(stats->flushes));
    json_object_set_new(object, "remote_frees", json_count(stats->remote_frees));
    json_object_set_new(object, "lru_hits", json_count(stats->lru_hits));
    json_object_set_new(object, "lru_misses", json_count(stats->lru_misses));
    json_object_set_new(object, "calls_mmap", json_count(stats->calls_mmap));
    json_object_set_new(object, "calls_munmap", json_count(stats->calls_munmap));
    json_object_set_new(object, "calls_madvise", json_count(stats->calls_madvise));
    return object;
}

static json_t *machine_json(const struct machine *machine)
{
    return json_pack("{s:o,s:i,s:o,s:s}", "processor", json_text(machine->processor), "cores",
                     (int)machine->cores, "kernel", json_text(machine->kernel), "date", machine->date);
}

static void facts_add(json_t *json, const struct watch *watch, struct run_record *record,
                      const struct machine *machine)
{
    double seen_s = record->samples ? record->sample[record->samples - 1].at_s : (double)NAN;
    json_object_set_new(json, "kind", json_string("run"));
    json_object_set_new(json, "version", json_integer(FORMAT_VERSION));
    json_object_set_new(json, "command", command_json(watch->argv));
    json_object_set_new(json, "machine", machine_json(machine));
    json_object_set_new(json, "end", end_json(watch->wait_status));
    json_object_set_new(json, "wall_s", page_number(watch->wall_s));
    json_object_set_new(json, "cpu_s", page_number(watch->cpu_s));
    json_object_set_new(json, "peak_rss_bytes", page_number(watch->peak_rss_bytes));
    json_object_set_new(json, "page_faults", page_number(watch->page_faults));
    json_object_set_new(json, "last_look_s", page_number(seen_s));
    json_object_set_new(json, "trouble", record->last ? json_null() : json_text(record->trouble));
    json_object_set_new(json, "samples", samples_json(record));
    json_object_set_new(json, "moments", moments_json(record));
    json_object_set_new(json, "counters", counters_json(record->last));
}

static void report_write(const struct watch *watch, struct run_record *record, const struct machine *machine,
                         const char *path)
{
    struct page_data data;
    struct text title = {NULL, 0, 0};
    const char *slash = strrchr(watch->argv[0], '/');
    text_add(&title, "Memory of %s", slash ? slash + 1 : watch->argv[0]);
    page_data_start(&data);
    facts_add(data.json, watch, record, machine);
    page_write(PAGE_RUN, title.data, &data, path);
    text_free(&title);
    page_data_free(&data);
}

int run_with_report(char *const *argv, const char *path)
{
    static struct run_record record;
    struct watch watch = {.argv = argv, .look = run_record_look, .context = &record};
    struct machine machine;
    machine_read(&machine);
    run_record_start(&record);
    if (!watch_program(&watch))
        return errno;
    if (watch.exec_error)
        return watch.exec_error;
    report_write(&watch, &record, &machine, path);
    run_record_free(&record);
    watch_end_alike(watch.wait_status);
}
