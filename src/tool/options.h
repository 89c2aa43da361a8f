/* options.h - reads a command's options from a table, and prints its help from the same table. */
#ifndef HAKMEM_TOOL_OPTIONS_H
#define HAKMEM_TOOL_OPTIONS_H

#include <stddef.h>

enum option_kind {
    OPTION_FLAG,  /* bool: set to true */
    OPTION_COUNT, /* unsigned long long: a whole number above 0 */
    OPTION_TEXT,  /* const char *: the last one given */
    OPTION_LIST   /* struct text_list: every one given */
};

struct text_list {
    const char **item;
    size_t count;
};

struct option_spec {
    const char *name; /* without its dashes; one letter is "-o", more are "--only" */
    enum option_kind kind;
    void *target;
    const char *argument; /* what the help calls it; NULL for a flag */
    const char *help;
};

struct command_spec {
    const char *name;
    const char *usage; /* what follows "hakmem NAME" */
    const char *about;
    const struct option_spec *options;
    size_t option_count;
};

enum { OPTIONS_WRONG = -1, OPTIONS_HELPED = -2 };

/* Reads argv[1…] up to "--" or the first word that is no option, and returns the index of what
 * follows. OPTIONS_WRONG when it printed what is wrong, OPTIONS_HELPED when it printed the help. */
int options_read(const struct command_spec *command, int argc, char **argv);

void text_list_add(struct text_list *list, const char *item);

#endif
