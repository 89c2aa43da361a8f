/* symbolize.c - `hakmem symbolize`: a filter that adds functions and lines to the stacks that libhakmem.so
 * prints. */
#include "command.h"
#include "options.h"
#include "symbols.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command_spec command = {
    "symbolize",
    "< REPORT",
    "Copies standard input to standard output, and adds the function, file and line to each line of a\n"
    "stack, '#0 0x55d0c2 /usr/bin/prog+0x11cf'. The files named there must be those that ran.",
    NULL,
    0,
};

/* A line "    #N 0xADDRESS PATH+0xOFFSET": cuts it behind PATH. False: it is another line. */
static bool read_frame(char *line, const char **path, uint64_t *offset)
{
    int path_at = 0, end = 0;
    unsigned number;
    uint64_t address;
    if (sscanf(line, " #%u 0x%" SCNx64 " %n", &number, &address, &path_at) != 2 || !path_at)
        return false;
    char *plus = strrchr(line + path_at, '+');
    if (!plus || sscanf(plus, "+0x%" SCNx64 "%n", offset, &end) != 1 || plus[end] != '\0')
        return false;
    *plus = '\0';
    *path = line + path_at;
    return true;
}

/* "…: function (file:line)", or "" */
static void describe(struct symbols *symbols, const char *line, struct text *text)
{
    char *copy = text_copy(line);
    const char *path;
    uint64_t offset;
    struct text found = {0};
    if (read_frame(copy, &path, &offset) && symbols_add(symbols, path, offset, &found))
        text_add(text, " %s", found.data);
    text_free(&found);
    free(copy);
}

static void copy_lines(struct symbols *symbols)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&line, &size, stdin)) > 0) {
        bool whole = line[length - 1] == '\n';
        struct text text = {0};
        if (whole)
            line[length - 1] = '\0';
        if (symbols)
            describe(symbols, line, &text);
        printf("%s%s%s", line, text.data ? text.data : "", whole ? "\n" : "");
        text_free(&text);
    }
    free(line);
}

int command_symbolize(int argc, char **argv)
{
    int first = options_read(&command, argc, argv);
    if (first < 0)
        return first == OPTIONS_HELPED ? 0 : 2;
    if (first < argc)
        return usage_error(command.name, "it reads standard input, and no file '%s'", argv[first]);
    struct symbols *symbols = symbols_open();
    if (!symbols)
        message_print("this command was built without libdw: it knows no functions and lines");
    copy_lines(symbols);
    symbols_close(symbols);
    return symbols ? 0 : 1;
}
