/* main.c - picks the command. */
#include "command.h"
#include "hakmem.h"
#include "text.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help; /* NULL: not for people */
} commands[] = {
    {"run", command_run, "run a program with HAKMEM as its malloc"},
    {"explain", command_explain, "say where a running program's memory is, and what would help"},
    {"stats", command_stats, "print a running program's counters: text, JSON, OpenMetrics"},
    {"top", command_top, "show a running program's memory as it changes"},
    {"doctor", command_doctor, "check that a program is served by HAKMEM, and what hurts it"},
    {"ptr", command_ptr, "say what lies at an address of a running program"},
    {"map", command_map, "draw a running program's heap: a page to zoom into, or a picture"},
    {"symbolize", command_symbolize, "add functions and lines to the stacks of a report"},
    {"bench", command_bench, "run the benchmarks under HAKMEM and every allocator installed here"},
    {"compare", command_compare, "compare allocators on a program of yours"},
    {"probe-malloc", command_probe_malloc, NULL},
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int help_print(void)
{
    puts("usage: hakmem COMMAND [option…]\n");
    for (size_t i = 0; i < COMMANDS; i++)
        if (commands[i].help)
            printf("  %-9s %s\n", commands[i].name, commands[i].help);
    puts("\n'hakmem COMMAND --help' tells a command's options; 'hakmem --version' the version.");
    return 0;
}

static int version_print(void)
{
    printf("hakmem %d.%d.%d\n", HAKMEM_VERSION_MAJOR, HAKMEM_VERSION_MINOR, HAKMEM_VERSION_PATCH);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return usage_error("", "a command is missing (run, explain, bench …)");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return help_print();
    if (strcmp(argv[1], "--version") == 0)
        return version_print();
    if (argv[1][0] == '-')
        return usage_error("", "there is no option '%s'", argv[1]);
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return usage_error("", "there is no command '%s'", argv[1]);
}
