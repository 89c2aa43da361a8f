/* stats_command.c - `hakmem stats`: a process's counters, read from outside. */
#include "command.h"
#include "json.h"
#include "listen.h"
#include "metrics.h"
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

static struct {
    bool json, openmetrics, anywhere;
    const char *output, *listen;
} asked;

static const struct option_spec options[] = {
    {"json", OPTION_FLAG, &asked.json, NULL, "as JSON (docs/hakmem-stats-schema.json)"},
    {"openmetrics", OPTION_FLAG, &asked.openmetrics, NULL, "as OpenMetrics, for Prometheus"},
    {"output", OPTION_TEXT, &asked.output, "FILE",
     "write there instead, in one step: readers see the old or the new"},
    {"listen", OPTION_TEXT, &asked.listen, "ADDR:PORT",
     "serve OpenMetrics at http://ADDR:PORT/metrics until interrupted"},
    {"listen-anywhere", OPTION_FLAG, &asked.anywhere, NULL, "let ADDR be one that other machines can reach"},
};

static const struct command_spec command = {
    "stats",
    "[option…] PID|CORE",
    "Prints the counters of a running process, or of a core file, as hakmem_stats_read tells them to\n"
    "the program itself; the process is not stopped or changed.",
    options,
    sizeof options / sizeof options[0],
};

static void write_snapshot(const struct reader_snapshot *snapshot, struct text *out)
{
    if (asked.openmetrics || asked.listen) {
        metrics_add_openmetrics(snapshot, out);
    } else if (asked.json) {
        json_t *object = metrics_json(snapshot);
        char *json = json_dumps(object, JSON_INDENT(2));
        text_add(out, "%s\n", json ? json : "");
        free(json);
        json_decref(object);
    } else {
        metrics_add_text(snapshot, out);
    }
}

/* A page of the reader's process, or why there is none. */
static bool page_write(struct text *out, void *argument)
{
    char error[READER_ERROR_BYTES];
    struct reader_snapshot *snapshot = reader_snapshot(argument, READER_HEAP, error);
    if (snapshot)
        write_snapshot(snapshot, out);
    else
        text_add(out, "%s\n", error);
    reader_snapshot_free(snapshot);
    return snapshot != NULL;
}

static bool write_whole(int file, const char *data, size_t length)
{
    while (length) {
        ssize_t written = write(file, data, length);
        if (written < 0 && errno != EINTR)
            return false;
        data += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return true;
}

/* To a file beside the wanted one, which then takes its place. */
static bool file_replace(const char *path, const struct text *out)
{
    struct text beside = {NULL, 0, 0};
    text_add(&beside, "%s.XXXXXX", path);
    int file = mkostemp(beside.data, O_CLOEXEC);
    bool done = file >= 0 && write_whole(file, out->data, out->length) && fchmod(file, 0644) == 0;
    if (file >= 0)
        done = close(file) == 0 && done;
    done = done && rename(beside.data, path) == 0;
    if (!done) {
        message_print("cannot write '%s': %s", path, strerror(errno));
        if (file >= 0)
            unlink(beside.data);
    }
    text_free(&beside);
    return done;
}

static bool print_once(struct reader *reader)
{
    struct text out = {NULL, 0, 0};
    bool done = page_write(&out, reader);
    if (!done)
        message_print("%.*s", (int)strcspn(out.data, "\n"), out.data);
    else if (asked.output)
        done = file_replace(asked.output, &out);
    else if (!write_whole(STDOUT_FILENO, out.data, out.length)) {
        message_print("cannot write: %s", strerror(errno));
        done = false;
    }
    text_free(&out);
    return done;
}

static int run(struct reader *reader)
{
    if (!asked.listen)
        return print_once(reader) ? 0 : 1;
    int listener = listen_open(command.name, asked.listen, asked.anywhere);
    if (listener < 0)
        return 2;
    if (!listen_serve(listener, OPENMETRICS_TYPE, page_write, reader))
        message_print("the process has ended");
    return 0;
}

int command_stats(int argc, char **argv)
{
    char error[READER_ERROR_BYTES];
    int first = options_read(&command, argc, argv);
    if (first < 0)
        return first == OPTIONS_HELPED ? 0 : 2;
    if (argc - first != 1)
        return usage_error(command.name, "wants one process number or core file");
    if (asked.json && asked.openmetrics)
        return usage_error(command.name, "--json and --openmetrics exclude each other");
    if (asked.listen && asked.output)
        return usage_error(command.name, "--listen and --output exclude each other");
    struct reader *reader = reader_open(argv[first], error);
    if (!reader) {
        message_print("%s", error);
        return 1;
    }
    int status = run(reader);
    reader_close(reader);
    return status;
}
