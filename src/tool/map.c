/* map.c - `hakmem map`: the heap of a process or a core file as a page or a picture.
 *
 * The process is read from outside, once or every so often; it is not stopped.
 */
#define _GNU_SOURCE 1

#include "command.h"
#include "map_page.h"
#include "map_picture.h"
#include "map_recording.h"
#include "options.h"
#include "page.h"
#include "picture.h"
#include "quantity.h"
#include "text.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double EVERY_LEAST_S = 0.01, EVERY_S = 1, FOR_S = 60;
static const uint64_t DETAIL_BYTES = 16 << 20;
enum { RECORDING_BYTES = 96 << 20 };

static struct {
    const char *html, *svg, *png, *every, *time, *by, *detail;
} asked;

static const struct option_spec options[] = {
    {"html", OPTION_TEXT, &asked.html, "FILE", "write the page there: zoom, hover, time-lapse"},
    {"svg", OPTION_TEXT, &asked.svg, "FILE", "draw the heap there, as one picture"},
    {"png", OPTION_TEXT, &asked.png, "FILE", "the same as pixels"},
    {"by", OPTION_TEXT, &asked.by, "WHAT", "colour by occupancy (the default), class, owner or age"},
    {"every", OPTION_TEXT, &asked.every, "TIME", "record: look again every so often (1s)"},
    {"for", OPTION_TEXT, &asked.time, "TIME", "record for so long (60s), or until ^C"},
    {"detail", OPTION_TEXT, &asked.detail, "SIZE", "single blocks in the page, up to so many bytes (16M)"},
};

static const struct command_spec command = {
    "map",
    "PID|CORE --html FILE [option…]",
    "Draws the heap of a running process, or of a core file: SuperSlabs, slabs, pages and blocks, by\n"
    "address. The process goes on undisturbed.",
    options,
    sizeof options / sizeof options[0],
};

struct map_plan {
    const char *target, *by;
    uint64_t detail_bytes;
    bool recording;
    double every_s, time_s;
};

static volatile sig_atomic_t interrupted;

static void interrupt_note(int signal)
{
    (void)signal;
    interrupted = 1;
}

static bool times_read(struct map_plan *plan)
{
    plan->recording = asked.every || asked.time;
    plan->every_s = EVERY_S;
    plan->time_s = FOR_S;
    if (asked.every &&
        (!quantity_read_seconds(asked.every, &plan->every_s) || plan->every_s < EVERY_LEAST_S)) {
        usage_error("map", "--every wants a time of 10ms or more, as 500ms or 1s, not '%s'", asked.every);
        return false;
    }
    if (asked.time && !quantity_read_seconds(asked.time, &plan->time_s)) {
        usage_error("map", "--for wants a time, as 30s or 2m, not '%s'", asked.time);
        return false;
    }
    return true;
}

static bool colour_is_known(const char *by)
{
    static const char *const names[] = {"occupancy", "class", "owner", "age"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(by, names[i]) == 0)
            return true;
    usage_error("map", "--by wants occupancy, class, owner or age, not '%s'", by);
    return false;
}

static bool plan_make(struct map_plan *plan)
{
    plan->by = asked.by ? asked.by : "occupancy";
    plan->detail_bytes = DETAIL_BYTES;
    if (!asked.html && !asked.svg && !asked.png) {
        usage_error("map", "where to? --html FILE, --svg FILE or --png FILE is missing");
        return false;
    }
    if (asked.detail && !quantity_read_bytes(asked.detail, &plan->detail_bytes)) {
        usage_error("map", "--detail wants a size, as 64M, not '%s'", asked.detail);
        return false;
    }
    if (!colour_is_known(plan->by) || !times_read(plan))
        return false;
    if (strcmp(plan->by, "age") == 0 && !plan->recording) {
        usage_error("map", "--by age needs a recording: add --every 1s --for 60s");
        return false;
    }
    return true;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void sleep_until(double then_s)
{
    struct timespec then = {(time_t)then_s, (long)((then_s - (double)(time_t)then_s) * 1e9)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL);
}

/* The first look; NULL, having said why, when there can be none. */
static struct reader_snapshot *look(struct reader *reader)
{
    char error[READER_ERROR_BYTES];
    struct reader_snapshot *snapshot = reader_snapshot(reader, READER_ALL, error);
    if (!snapshot)
        message_print("%s", error);
    return snapshot;
}

static bool keep(struct map_recording *recording, struct reader_snapshot *snapshot)
{
    struct map_totals totals;
    if (!map_totals_make(&totals, snapshot))
        message_print("out of memory: the parts of resident memory are left out");
    return map_recording_add(recording, snapshot, &totals, RECORDING_BYTES);
}

/* Looks again and again, until the time is over, the process is, or ^C. The last look that was kept. */
static struct reader_snapshot *record(struct reader *reader, const struct map_plan *plan,
                                      struct map_recording *recording, struct reader_snapshot *last)
{
    double start_s = now_s();
    for (size_t turn = 1; !interrupted && (double)turn * plan->every_s <= plan->time_s; turn++) {
        progress_show("recording: %zu of %.0f looks", turn, plan->time_s / plan->every_s);
        sleep_until(start_s + (double)turn * plan->every_s);
        struct reader_snapshot *next = look(reader);
        if (!next)
            break;
        if (!keep(recording, next)) {
            message_print("the recording is full after %zu looks: a longer --every takes in more time", turn);
            reader_snapshot_free(next);
            break;
        }
        reader_snapshot_free(last);
        last = next;
    }
    progress_clear();
    return last;
}

static bool results_write(const struct map_plan *plan, const struct map_recording *recording,
                          const struct reader_snapshot *last)
{
    struct map_page page = {recording, last, plan->by, plan->detail_bytes};
    bool written = !asked.html || map_page_write(&page, asked.html);
    struct picture picture = {.rects = 0};
    if (asked.svg || asked.png)
        map_picture_draw(&picture, recording, last, plan->by);
    written &= !asked.svg || picture_write_svg(&picture, asked.svg);
    written &= !asked.png || picture_write_png(&picture, asked.png);
    picture_free(&picture);
    return written;
}

static int map_all(const struct map_plan *plan)
{
    char error[READER_ERROR_BYTES];
    struct map_recording recording = {.frames = 0};
    struct reader *reader = reader_open(plan->target, error);
    if (!reader) {
        message_print("%s", error);
        return 1;
    }
    struct reader_snapshot *last = look(reader);
    if (!last)
        return 1;
    keep(&recording, last);
    if (plan->recording && last->source == READER_PROCESS)
        last = record(reader, plan, &recording, last);
    else if (plan->recording)
        message_print("a core file does not change: --every and --for are for processes");
    bool written = results_write(plan, &recording, last);
    map_recording_free(&recording);
    reader_snapshot_free(last);
    reader_close(reader);
    return written ? 0 : 1;
}

/* Options may stand before and after the target. */
static bool arguments_read(struct map_plan *plan, int argc, char **argv, int *status)
{
    int first = options_read(&command, argc, argv);
    *status = first == OPTIONS_HELPED ? 0 : 2;
    if (first < 0)
        return false;
    if (first >= argc) {
        usage_error("map", "whose heap? The number of a process or a core file is missing");
        return false;
    }
    plan->target = argv[first];
    int rest = options_read(&command, argc - first, argv + first);
    if (rest < 0)
        return false;
    if (rest < argc - first) {
        usage_error("map", "'%s' is too much: one process or core file at a time", argv[first + rest]);
        return false;
    }
    return true;
}

int command_map(int argc, char **argv)
{
    struct map_plan plan = {.target = NULL};
    int status;
    if (!arguments_read(&plan, argc, argv, &status))
        return status;
    if (!plan_make(&plan))
        return 2;
    if (asked.html && !page_available())
        return 1;
    struct sigaction action = {.sa_handler = interrupt_note};
    if (plan.recording)
        sigaction(SIGINT, &action, NULL);
    return map_all(&plan);
}
