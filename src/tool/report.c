/* report.c - what every report says of its making, and the file it goes to. */
#include "report.h"

#include "machine.h"
#include "markup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void report_add_conditions(struct text *text, const struct report *report)
{
    struct machine machine;
    size_t runs = report->results->runs;
    machine_read(&machine);
    text_add(text, "%s, %ld core%s, %s; ", machine.processor, machine.cores, machine.cores == 1 ? "" : "s",
             machine.kernel);
    if (runs == 1)
        text_add(text, "one run each");
    else
        text_add(text, "medians of %zu runs each, interleaved", runs);
    text_add(text, "; %s", machine.date);
}

const enum metric *report_metrics(enum report_kind kind, size_t *count)
{
    static const enum metric all[] = {METRIC_OPS, METRIC_WALL, METRIC_CPU, METRIC_RSS, METRIC_FAULTS};
    static const enum metric memory[] = {METRIC_RSS, METRIC_FREED, METRIC_IDLE, METRIC_WALL, METRIC_CPU};
    size_t skipped = kind == REPORT_COMPARE; /* a command of the user's has no operations to count */
    *count = kind == REPORT_MEMORY ? sizeof memory / sizeof memory[0] : sizeof all / sizeof all[0] - skipped;
    return kind == REPORT_MEMORY ? memory : all + skipped;
}

const struct curve *report_curve(const struct report *report, size_t row, size_t allocator)
{
    return report->curve[row * report->results->allocators->count + allocator];
}

void report_add_command(struct text *text, const struct report *report)
{
    if (report->kind != REPORT_COMPARE)
        text_add(text, "hakmem ");
    for (char *const *word = report->command; *word; word++) {
        markup_add_shell_word(text, *word);
        text_add(text, "%s", word[1] ? " " : "");
    }
}

bool report_write_text(struct text *text, const char *path)
{
    FILE *file = fopen(path, "we");
    bool written = file && fwrite(text->data, 1, text->length, file) == text->length;
    if (file)
        written = fclose(file) == 0 && written;
    if (!written)
        message_print("cannot write %s: %s", path, strerror(errno));
    text_free(text);
    return written;
}
