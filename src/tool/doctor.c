/* doctor.c - `hakmem doctor`: is HAKMEM really at work in a program, and does anything hurt it. */
#define _GNU_SOURCE 1

#include "command.h"
#include "doctor.h"
#include "json.h"
#include "options.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT_VERSION = 1, DEFAULT_SECONDS = 5 };

static struct {
    bool json;
    unsigned long long seconds;
} asked;

static const struct option_spec options[] = {
    {"json", OPTION_FLAG, &asked.json, NULL, "print JSON (docs/hakmem-doctor-schema.json)"},
    {"for", OPTION_COUNT, &asked.seconds, "SECONDS", "let PROGRAM run so long, then look and end it (5)"},
};

static const struct command_spec command = {
    "doctor",
    "[option…] PID | -- PROGRAM [argument…]",
    "Tells whether HAKMEM is loaded in a process and serves all of its malloc, and what of the\n"
    "options, limits and the system hurts. A PROGRAM is started under HAKMEM, and looked at when it\n"
    "ends. Status: 0 all is well, 1 there are problems, 2 a wrong use.",
    options,
    sizeof options / sizeof options[0],
};

struct visit {
    struct findings findings;
    int pid; /* 0: nothing was looked at */
    char program[READER_NAME_BYTES];
};

static void examine(struct target *target, struct findings *findings)
{
    check_library(target, findings);
    check_symbols(target, findings);
    check_image(target, findings);
    check_allocators(target, findings);
    check_options(target, findings);
    check_limits(target, findings);
    check_cgroup(target, findings);
    check_system(target, findings);
}

static bool look(int pid, void *argument)
{
    struct visit *visit = argument;
    struct target target;
    char error[READER_ERROR_BYTES];
    if (!target_open(&target, pid, error)) {
        finding_add(&visit->findings, FINDING_PROBLEM, "process", "%s", error);
        return false;
    }
    visit->pid = pid;
    memcpy(visit->program, target.program, sizeof visit->program);
    examine(&target, &visit->findings);
    target_close(&target);
    return true;
}

static bool write_json(const struct visit *visit)
{
    json_t *object = json_object();
    json_object_set_new(object, "format", json_string("hakmem-doctor"));
    json_object_set_new(object, "format_version", json_integer(FORMAT_VERSION));
    json_object_set_new(object, "process", visit->pid ? json_integer(visit->pid) : json_null());
    json_object_set_new(object, "program", json_text(visit->program));
    json_object_update_missing_new(object, findings_json(&visit->findings));
    return json_print(object);
}

static int tell(struct visit *visit)
{
    bool told = asked.json ? write_json(visit) : findings_print(&visit->findings);
    int status = findings_count(&visit->findings, FINDING_PROBLEM) || !visit->pid ? 1 : 0;
    if (!told) {
        message_print("cannot write: %s", strerror(errno));
        status = 1;
    }
    findings_free(&visit->findings);
    return status;
}

static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 10 && text[digits] == '\0';
}

int command_doctor(int argc, char **argv)
{
    struct visit visit = {0};
    int first = options_read(&command, argc, argv);
    if (first < 0)
        return first == OPTIONS_HELPED ? 0 : 2;
    if (first >= argc)
        return usage_error(command.name, "wants a process number, or -- and a program");
    if (strcmp(argv[first - 1], "--") == 0) {
        double seconds = asked.seconds ? (double)asked.seconds : DEFAULT_SECONDS;
        struct launch launch = {argv + first, seconds, asked.json, look, &visit};
        launch_and_look(&launch, &visit.findings);
        return tell(&visit);
    }
    if (argc - first != 1 || !is_number(argv[first]))
        return usage_error(command.name, "'%s' is no process number; a program comes after --", argv[first]);
    look(atoi(argv[first]), &visit);
    return tell(&visit);
}
