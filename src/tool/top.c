/* top.c - `hakmem top`: a process's memory as it changes, on a terminal, or as text for a pipe. */
#define _GNU_SOURCE 1

#include "top.h"

#include "command.h"
#include "options.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
    const char *interval;
    unsigned long long count;
    bool plain;
} asked;

static const struct option_spec options[] = {
    {"interval", OPTION_TEXT, &asked.interval, "SECONDS", "look so often: 0.1 to 3600 (1)"},
    {"count", OPTION_COUNT, &asked.count, "N", "end after so many looks"},
    {"plain", OPTION_FLAG, &asked.plain, NULL, "plain text on a terminal too"},
};

static const struct command_spec command = {
    "top",
    "[option…] PID|CORE",
    "Shows where the resident memory of a running process is, over time, with its size classes and\n"
    "threads; '?' tells the keys. Prints a block of text for each look when standard output is no\n"
    "terminal. Of a stopped process and of a core file there is one picture. The process is not\n"
    "stopped or changed.",
    options,
    sizeof options / sizeof options[0],
};

static bool interval_read(const char *text, double *seconds)
{
    char *end;
    errno = 0;
    *seconds = strtod(text, &end);
    return *text >= '0' && *text <= '9' && (*end == '\0' || strcmp(end, "s") == 0) && errno == 0 &&
           *seconds >= 0.1 && *seconds <= 3600;
}

/* ---- plain text */

static bool print_look(struct top *top)
{
    struct canvas canvas = {0};
    top_draw_plain(top, &canvas);
    bool done = canvas_write(&canvas, stdout);
    canvas_close(&canvas);
    return done;
}

/* Until it is time for the next look, or the process has ended. */
static void pause_between(const struct top *top)
{
    struct pollfd ended = {top->process_file, POLLIN, 0};
    poll(&ended, 1, (int)(top_pause_s(top) * 1000));
}

static int print_looks(struct top *top)
{
    for (unsigned long long looks = 1;; looks++) {
        if (!print_look(top)) {
            message_print("cannot write: %s", strerror(errno));
            return 1;
        }
        if (!top_is_live(top) || (asked.count ? looks >= asked.count : top->look.stopped))
            return 0;
        pause_between(top);
        if (!top_look(top)) {
            message_print("%s", top->note);
            return 0;
        }
    }
}

/* ---- the command */

static bool locale_is_ascii(void)
{
    setlocale(LC_CTYPE, "");
    return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

static int process_open(int pid)
{
    return pid ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

static int run(struct top *top)
{
    bool screen = !asked.plain && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);
    if (!top_look(top)) {
        message_print("%s", top->note);
        return 1;
    }
    top->process_file = process_open(top->look.pid);
    int status = screen && top_screen(top, asked.count) ? 0 : print_looks(top);
    if (top->process_file >= 0)
        close(top->process_file);
    return status;
}

int command_top(int argc, char **argv)
{
    char error[READER_ERROR_BYTES];
    double interval_s = 1;
    int first = options_read(&command, argc, argv);
    if (first < 0)
        return first == OPTIONS_HELPED ? 0 : 2;
    if (argc - first != 1)
        return usage_error(command.name, "wants one process number or core file");
    if (asked.interval && !interval_read(asked.interval, &interval_s))
        return usage_error(command.name, "--interval wants seconds from 0.1 to 3600, not '%s'",
                           asked.interval);
    struct top *top = memory_resize(NULL, 1, sizeof *top);
    *top = (struct top){.target = argv[first], .process_file = -1, .interval_s = interval_s};
    top->ascii = locale_is_ascii();
    top_table_set_orders(top);
    top->reader = reader_open(top->target, error);
    int status = 1;
    if (top->reader)
        status = run(top);
    else
        message_print("%s", error);
    reader_close(top->reader);
    top_look_free(&top->look);
    free(top);
    return status;
}
