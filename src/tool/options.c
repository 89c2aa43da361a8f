/* options.c - the option parser of every command. */
#define _GNU_SOURCE 1

#include "options.h"

#include "text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void text_list_add(struct text_list *list, const char *item)
{
    list->item = memory_resize(list->item, list->count + 1, sizeof *list->item);
    list->item[list->count++] = item;
}

static const char *dashes(const struct option_spec *option)
{
    return option->name[1] ? "--" : "-";
}

static void help_print(const struct command_spec *command)
{
    printf("usage: hakmem %s %s\n\n%s\n\n", command->name, command->usage, command->about);
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option_spec *option = &command->options[i];
        char left[64];
        snprintf(left, sizeof left, "%s%s%s%s", dashes(option), option->name, option->argument ? " " : "",
                 option->argument ? option->argument : "");
        printf("  %-24s %s\n", left, option->help);
    }
    printf("  %-24s %s\n", "--help", "print this");
}

/* The option that a word such as "--only", "--only=a" or "-o" names; NULL when there is none. */
static const struct option_spec *option_find(const struct command_spec *command, const char *word)
{
    bool is_long = word[1] == '-';
    const char *name = word + (is_long ? 2 : 1);
    size_t length = is_long ? strcspn(name, "=") : strlen(name);
    for (size_t i = 0; i < command->option_count; i++) {
        const struct option_spec *option = &command->options[i];
        if (strlen(option->name) == length && strncmp(option->name, name, length) == 0 &&
            is_long == (option->name[1] != '\0'))
            return option;
    }
    return NULL;
}

static bool count_read(const char *text, unsigned long long *count)
{
    char *end;
    errno = 0;
    *count = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && *count > 0;
}

static bool option_store(const struct command_spec *command, const struct option_spec *option,
                         const char *value)
{
    switch (option->kind) {
    case OPTION_FLAG: *(bool *)option->target = true; return true;
    case OPTION_TEXT: *(const char **)option->target = value; return true;
    case OPTION_LIST: text_list_add(option->target, value); return true;
    case OPTION_COUNT:
        if (count_read(value, option->target))
            return true;
        usage_error(command->name, "%s%s wants a whole number above 0, not '%s'", dashes(option),
                    option->name, value);
    }
    return false;
}

/* How many words the option at argv[index] takes; 0 when it is wrong and that was printed. */
static int option_read(const struct command_spec *command, int argc, char **argv, int index)
{
    const char *word = argv[index];
    const struct option_spec *option = option_find(command, word);
    const char *equals = word[1] == '-' ? strchr(word, '=') : NULL;
    if (!option) {
        usage_error(command->name, "there is no option '%s'", word);
        return 0;
    }
    if (option->kind == OPTION_FLAG && equals) {
        usage_error(command->name, "--%s takes no value", option->name);
        return 0;
    }
    if (option->kind == OPTION_FLAG || equals)
        return option_store(command, option, equals ? equals + 1 : NULL) ? 1 : 0;
    if (index + 1 >= argc) {
        usage_error(command->name, "%s wants %s after it", word, option->argument);
        return 0;
    }
    return option_store(command, option, argv[index + 1]) ? 2 : 0;
}

int options_read(const struct command_spec *command, int argc, char **argv)
{
    int index = 1;
    while (index < argc && argv[index][0] == '-' && argv[index][1] != '\0') {
        if (strcmp(argv[index], "--") == 0)
            return index + 1;
        if (strcmp(argv[index], "--help") == 0) {
            help_print(command);
            return OPTIONS_HELPED;
        }
        int words = option_read(command, argc, argv, index);
        if (words == 0)
            return OPTIONS_WRONG;
        index += words;
    }
    return index;
}
