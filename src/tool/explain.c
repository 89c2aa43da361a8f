/* explain.c - `hakmem explain`: takes the resident memory of a process or a core file apart. */
#include "explain.h"

#include "command.h"
#include "options.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct {
    bool json, once;
    unsigned long long seconds;
} asked;

static const struct option_spec options[] = {
    {"json", OPTION_FLAG, &asked.json, NULL, "print JSON (docs/hakmem-explain-schema.json)"},
    {"for", OPTION_COUNT, &asked.seconds, "SECONDS",
     "look twice, so many seconds apart, to see growth (1; stopped processes and core files: once)"},
    {"once", OPTION_FLAG, &asked.once, NULL, "look once"},
};

static const struct command_spec command = {
    "explain",
    "[option…] PID|CORE",
    "Takes the resident memory of a running or stopped process, or of a core file, apart to the last\n"
    "page, and says in a sentence what matters most and what would help. The process is not stopped,\n"
    "signalled or changed.",
    options,
    sizeof options / sizeof options[0],
};

static uint64_t weight(const struct reader_class_parts *class)
{
    return class->pinned_bytes + class->free_page_bytes + class->huge_page_bytes + class->live_bytes / 16;
}

size_t explain_sort_classes(const struct reader_parts *parts, unsigned order[READER_CLASSES])
{
    size_t count = 0;
    for (unsigned c = 0; c < READER_CLASSES; c++) {
        if (!parts->classes[c].slabs)
            continue;
        size_t at = count++;
        for (; at > 0 && weight(&parts->classes[order[at - 1]]) < weight(&parts->classes[c]); at--)
            order[at] = order[at - 1];
        order[at] = c;
    }
    return count;
}

static void pause_for(unsigned long long seconds)
{
    struct timespec left = {(time_t)seconds, 0};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
}

/* A first look, kept only if there is to be a second. */
static struct reader_snapshot *look_before(struct reader *reader, char error[READER_ERROR_BYTES])
{
    struct reader_snapshot *before = reader_snapshot(reader, READER_HEAP, error);
    if (before && before->source == READER_PROCESS && !before->stopped && !asked.once) {
        pause_for(asked.seconds ? asked.seconds : 1);
        return before;
    }
    reader_snapshot_free(before);
    return NULL;
}

static bool tell(struct reader_snapshot *before, struct reader_snapshot *snapshot)
{
    struct reader_parts parts;
    struct reader_growth growth = {0};
    struct reader_advice advice;
    if (before)
        reader_growth_measure(before, snapshot, &growth);
    if (!reader_take_apart(snapshot, &parts)) {
        message_print("there is no memory");
        return false;
    }
    reader_advise(snapshot, &parts, &growth, &advice);
    struct explanation told = {snapshot, &parts, &growth, &advice};
    if (!asked.json) {
        explain_print(&told);
        return true;
    }
    if (!explain_write_json(&told)) {
        message_print("cannot write: %s", strerror(errno));
        return false;
    }
    return true;
}

static bool explain(struct reader *reader)
{
    char error[READER_ERROR_BYTES];
    struct reader_snapshot *before = look_before(reader, error);
    struct reader_snapshot *snapshot = reader_snapshot(reader, READER_ALL, error);
    bool told = snapshot && tell(before, snapshot);
    if (!snapshot)
        message_print("%s", error);
    reader_snapshot_free(before);
    reader_snapshot_free(snapshot);
    return told;
}

int command_explain(int argc, char **argv)
{
    char error[READER_ERROR_BYTES];
    int first = options_read(&command, argc, argv);
    if (first < 0)
        return first == OPTIONS_HELPED ? 0 : 2;
    if (argc - first != 1)
        return usage_error("explain", "wants one process number or core file");
    struct reader *reader = reader_open(argv[first], error);
    if (!reader) {
        message_print("%s", error);
        return 1;
    }
    bool told = explain(reader);
    reader_close(reader);
    return told ? 0 : 1;
}
