/* findings.c - findings as lines for people and as JSON. */
#include "findings.h"

#include "json.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_BYTES = 1024 };

static const char *const level_names[] = {"ok", "note", "problem"};

void finding_add(struct findings *findings, enum finding_level level, const char *check, const char *format,
                 ...)
{
    char text[TEXT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    findings->item = memory_resize(findings->item, findings->count + 1, sizeof *findings->item);
    findings->item[findings->count++] = (struct finding){level, check, text_copy(text)};
}

void findings_free(struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        free(findings->item[i].text);
    free(findings->item);
    *findings = (struct findings){NULL, 0};
}

size_t findings_count(const struct findings *findings, enum finding_level level)
{
    size_t count = 0;
    for (size_t i = 0; i < findings->count; i++)
        count += findings->item[i].level == level;
    return count;
}

static void print_finding(const struct finding *finding)
{
    static const char *const words[] = {"OK", "NOTE", "PROBLEM"};
    static const enum colour colours[] = {COLOUR_GREEN, COLOUR_BOLD, COLOUR_RED};
    printf("%s%-8s%s %-10s ", colour_begin(colours[finding->level]), words[finding->level], colour_end(),
           finding->check);
    for (const char *c = finding->text; *c; c++)
        putchar((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c);
    putchar('\n');
}

bool findings_print(const struct findings *findings)
{
    size_t problems = findings_count(findings, FINDING_PROBLEM);
    size_t notes = findings_count(findings, FINDING_NOTE);
    for (size_t i = 0; i < findings->count; i++)
        print_finding(&findings->item[i]);
    if (problems)
        printf("\n%zu problem%s, %zu note%s\n", problems, problems == 1 ? "" : "s", notes,
               notes == 1 ? "" : "s");
    else
        printf("\nAll is well%s\n", notes ? ", but see the notes" : "");
    return fflush(stdout) == 0 && !ferror(stdout);
}

json_t *findings_json(const struct findings *findings)
{
    json_t *object = json_object(), *array = json_array();
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->item[i];
        json_t *entry = json_object();
        json_object_set_new(entry, "level", json_string(level_names[finding->level]));
        json_object_set_new(entry, "check", json_string(finding->check));
        json_object_set_new(entry, "text", json_text(finding->text));
        json_array_append_new(array, entry);
    }
    json_object_set_new(object, "problems", json_count(findings_count(findings, FINDING_PROBLEM)));
    json_object_set_new(object, "notes", json_count(findings_count(findings, FINDING_NOTE)));
    json_object_set_new(object, "findings", array);
    return object;
}
