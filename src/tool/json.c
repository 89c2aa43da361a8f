#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_VERSION = 1 };

json_t *json_count(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

json_t *json_text(const char *text)
{
    json_t *string = json_string(text);
    if (string)
        return string;
    char *copy = strdup(text);
    for (char *c = copy; c && *c; c++)
        if (*c & 0x80)
            *c = '?';
    string = json_string(copy ? copy : "");
    free(copy);
    return string;
}

json_t *json_address(uint64_t address)
{
    char text[24];
    snprintf(text, sizeof text, "0x%" PRIx64, address);
    return json_string(text);
}

void json_add_source(json_t *object, const char *format, const struct reader_snapshot *snapshot)
{
    json_object_set_new(object, "format", json_string(format));
    json_object_set_new(object, "format_version", json_integer(FORMAT_VERSION));
    json_object_set_new(object, "source",
                        json_string(snapshot->source == READER_PROCESS ? "process" : "core"));
    json_object_set_new(object, "process", snapshot->pid ? json_integer(snapshot->pid) : json_null());
    json_object_set_new(object, "stopped", json_boolean(snapshot->stopped));
    json_object_set_new(object, "program", json_text(snapshot->program));
    json_object_set_new(object, "hakmem", json_text(snapshot->library));
    json_object_set_new(object, "time_ms", json_count(snapshot->taken_ms));
    json_object_set_new(object, "reading_us", json_count(snapshot->read_us));
}

bool json_print(json_t *object)
{
    bool done = json_dumpf(object, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF &&
                fflush(stdout) == 0;
    int failure = errno;
    json_decref(object);
    errno = failure;
    return done;
}
