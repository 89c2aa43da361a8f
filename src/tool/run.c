/* run.c - `hakmem run`: becomes the user's program, with HAKMEM as its malloc.
 *
 * It ends in exec, so status, signals, terminal and process id are the program's own. With --report it
 * stays as the program's parent instead, and hands status and signals on.
 */
#define _GNU_SOURCE 1

#include "command.h"
#include "locate.h"
#include "options.h"
#include "page.h"
#include "preload.h"
#include "quantity.h"
#include "run_report.h"
#include "text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATUS_OWN_FAILURE = 125, STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127 };

static struct {
    bool stats;
    bool front_stats;
    bool verbose;
    bool check;
    bool secure;
    bool thrift;
    const char *report, *limit;
    struct text_list settings;
} asked;

static const struct option_spec options[] = {
    {"stats", OPTION_FLAG, &asked.stats, NULL, "print a report at exit (HAKMEM_STATS=1)"},
    {"front-stats", OPTION_FLAG, &asked.front_stats, NULL,
     "count every call, print hit rates at exit (HAKMEM_FRONT_STATS=1)"},
    {"verbose", OPTION_FLAG, &asked.verbose, NULL, "print version and options at start (HAKMEM_VERBOSE=1)"},
    {"check", OPTION_FLAG, &asked.check, NULL,
     "end the program at its first misuse of memory; slow (HAKMEM_CHECK=1)"},
    {"secure", OPTION_FLAG, &asked.secure, NULL,
     "make misuse of memory hard to exploit; slower (HAKMEM_SECURE=1)"},
    {"thrift", OPTION_FLAG, &asked.thrift, NULL,
     "the least memory at the peak, for more page faults (HAKMEM_THRIFT=always)"},
    {"limit", OPTION_TEXT, &asked.limit, "SIZE",
     "at most so much memory, as 512M; malloc fails beyond (HAKMEM_HARD_LIMIT)"},
    {"report", OPTION_TEXT, &asked.report, "FILE",
     "write a page there when it has ended: its memory over time, and what it means"},
    {"o", OPTION_LIST, &asked.settings, "NAME=VALUE",
     "set an option: -o FC_CAP=512 is HAKMEM_FC_CAP=512; may be repeated"},
};

/* The flags that are options of the allocator. */
static const struct {
    const bool *asked;
    const char *variable, *value;
} switches[] = {
    {&asked.stats, "HAKMEM_STATS", "1"},     {&asked.front_stats, "HAKMEM_FRONT_STATS", "1"},
    {&asked.verbose, "HAKMEM_VERBOSE", "1"}, {&asked.check, "HAKMEM_CHECK", "1"},
    {&asked.secure, "HAKMEM_SECURE", "1"},   {&asked.thrift, "HAKMEM_THRIFT", "always"},
};

static const struct command_spec command = {
    "run",
    "[option…] [--] PROGRAM [argument…]",
    "Runs a program with HAKMEM as its malloc. Status and signals are the program's own; 127 when\n"
    "there is no such program, 126 when it cannot be executed, 125 when libhakmem.so is missing.",
    options,
    sizeof options / sizeof options[0],
};

/* "FC_CAP=512", "fc_cap=512" and "HAKMEM_FC_CAP=512" all set HAKMEM_FC_CAP. */
static bool setting_apply(const char *setting)
{
    const char *equals = strchr(setting, '=');
    struct text name = {NULL, 0, 0};
    if (!equals || equals == setting) {
        usage_error("run", "-o wants NAME=VALUE, not '%s'", setting);
        return false;
    }
    bool prefixed = strncasecmp(setting, "HAKMEM_", 7) == 0;
    text_add(&name, "%s%.*s", prefixed ? "" : "HAKMEM_", (int)(equals - setting), setting);
    for (char *c = name.data; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    setenv(name.data, equals + 1, 1);
    text_free(&name);
    return true;
}

/* The option is in MiB; what is less is rounded up. */
static bool limit_apply(void)
{
    static const uint64_t mebibyte = 1 << 20;
    char value[24];
    uint64_t bytes;
    if (!quantity_read_bytes(asked.limit, &bytes)) {
        usage_error("run", "--limit wants a size, as 512M or 2G, not '%s'", asked.limit);
        return false;
    }
    snprintf(value, sizeof value, "%lluM", (unsigned long long)((bytes - 1) / mebibyte + 1));
    setenv("HAKMEM_HARD_LIMIT", value, 1);
    return true;
}

static bool environment_prepare(void)
{
    if (asked.limit && !limit_apply())
        return false;
    for (size_t i = 0; i < sizeof switches / sizeof switches[0]; i++)
        if (*switches[i].asked)
            setenv(switches[i].variable, switches[i].value, 1);
    for (size_t i = 0; i < asked.settings.count; i++)
        if (!setting_apply(asked.settings.item[i]))
            return false;
    return true;
}

/* Does not return when the program could be started; else errno. */
static int program_run(char **argv)
{
    if (asked.report)
        return run_with_report(argv, asked.report);
    execvp(argv[0], argv);
    return errno;
}

int command_run(int argc, char **argv)
{
    char library[PATH_BYTES];
    int first = options_read(&command, argc, argv);
    if (first < 0)
        return first == OPTIONS_HELPED ? 0 : 2;
    if (first >= argc)
        return usage_error("run", "a program to run is missing");
    if (!environment_prepare())
        return 2;
    if (asked.report && !page_available())
        return STATUS_OWN_FAILURE;
    if (!locate_library(library) || !preload_add(library))
        return STATUS_OWN_FAILURE;
    int error = program_run(argv + first);
    message_print("cannot run '%s': %s", argv[first], strerror(error));
    return error == ENOENT || error == ENOTDIR ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
}
