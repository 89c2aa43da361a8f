/* options.c - the one parser of options. The table is base/options.def. */
#include <errno.h>
#include <string.h>

#include "api/api.h"
#include "base/log.h"
#include "front/watch.h"
#include "hakmem.h"
#include "heap/scavenger.h"
#include "os/environment.h"

enum when { START, ANY };

/* How a value is written: one of these, or its words, split by |. */
#define NUMBER "a whole number"
#define MEBIBYTES "a number with M, G or T behind it"

struct option {
    const char *name;
    _Atomic uint32_t *value;
    uint32_t initial, minimum, maximum;
    const char *form;
    enum when when;
    const char *help;
};

static const struct option table[] = {
#define OPTION(field, name, initial, minimum, maximum, form, when, help)                                     \
    {name, &options.field, initial, minimum, maximum, form, when, help},
#include "base/options.def"
#undef OPTION
};

enum { OPTIONS = sizeof table / sizeof table[0] };

#define PREFIX "HAKMEM_"
#define REPORT_FILE "HAKMEM_REPORT_FILE"

static char report_file[256];

const char *options_report_file(void)
{
    return *report_file ? report_file : NULL;
}

/* Variables with our prefix that are not in the table: the command's, and the one that is a path. */
static const char *const others[] = {"HAKMEM_LIB", REPORT_FILE};

static const struct option *find(const char *name, size_t length)
{
    for (int i = 0; i < OPTIONS; i++)
        if (strlen(table[i].name) == length && memcmp(table[i].name, name, length) == 0)
            return &table[i];
    return NULL;
}

static bool is_other(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strlen(others[i]) == length && memcmp(others[i], name, length) == 0)
            return true;
    return false;
}

static uint32_t value_of(const struct option *option)
{
    return atomic_load_explicit(option->value, memory_order_relaxed);
}

/* ---- values as text */

static bool is_form(const struct option *option, const char *form)
{
    return strcmp(option->form, form) == 0;
}

static bool has_words(const struct option *option)
{
    return strchr(option->form, '|') != NULL;
}

/* Digits at the start of the text, as a number of at most `maximum`; NULL, or what is behind them. */
static const char *parse_digits(const char *text, uint64_t maximum, uint64_t *number)
{
    if (*text < '0' || *text > '9')
        return NULL;
    for (*number = 0; *text >= '0' && *text <= '9'; text++)
        if ((*number = *number * 10 + (uint64_t)(*text - '0')) > maximum)
            return NULL;
    return text;
}

/* 0, or digits and a suffix: M, G or T. */
static bool parse_mebibytes(const char *text, uint64_t maximum, uint64_t *number)
{
    static const char suffixes[] = "MGT";
    const char *end = parse_digits(text, maximum, number);
    const char *suffix = end && *end ? strchr(suffixes, *end) : NULL;
    if (!suffix)
        return end && !*end && *number == 0;
    *number <<= 10 * (suffix - suffixes);
    return !end[1];
}

static bool parse_word(const char *words, const char *text, uint64_t *number)
{
    size_t length = strlen(text);
    for (*number = 0;; ++*number) {
        const char *end = strchr(words, '|');
        size_t word = end ? (size_t)(end - words) : strlen(words);
        if (word == length && memcmp(words, text, length) == 0)
            return true;
        if (!end)
            return false;
        words = end + 1;
    }
}

static bool parse_form(const struct option *option, const char *text, uint64_t *number)
{
    if (is_form(option, MEBIBYTES))
        return parse_mebibytes(text, option->maximum, number);
    if (has_words(option))
        return parse_word(option->form, text, number);
    const char *end = parse_digits(text, option->maximum, number);
    return end && !*end;
}

static bool parse(const struct option *option, const char *text, uint32_t *value)
{
    uint64_t number = 0;
    if (!parse_form(option, text, &number) || number < option->minimum || number > option->maximum)
        return false;
    *value = (uint32_t)number;
    return true;
}

enum { VALUE_BYTES = 24 };

/* The value as it would be written; returns its length. */
static size_t format(const struct option *option, uint32_t value, char *text)
{
    if (has_words(option)) {
        const char *word = option->form;
        for (; value; value--)
            word = strchr(word, '|') + 1;
        size_t length = strcspn(word, "|");
        memcpy(text, word, length);
        text[length] = 0;
        return length;
    }
    return log_format(text, VALUE_BYTES, is_form(option, MEBIBYTES) && value ? "%uM" : "%u", value);
}

/* What values there are, for a person. */
static void describe_range(const struct option *option, char *text, size_t size)
{
    char least[VALUE_BYTES], most[VALUE_BYTES];
    format(option, option->minimum, least);
    format(option, option->maximum, most);
    if (has_words(option))
        log_format(text, size, "%s", option->form);
    else
        log_format(text, size, "%s..%s", least, most);
}

static COLD void say_wrong(const struct option *option, const char *variable)
{
    char initial[VALUE_BYTES], range[64];
    format(option, option->initial, initial);
    describe_range(option, range, sizeof range);
    if (has_words(option))
        log_line("%s is not one of %s; the default is used, %s", variable, range, initial);
    else
        log_line("%s is not %s in %s; the default is used, %s", variable, option->form, range, initial);
}

static void set_report_file(const char *path)
{
    size_t length = strlen(path);
    if (*path == '/' && length < sizeof report_file)
        memcpy(report_file, path, length + 1);
    else
        log_line("%s=%s is not an absolute path of at most %d bytes; no report will be written", REPORT_FILE,
                 path, (int)sizeof report_file - 1);
}

static void read_variable(const char *variable)
{
    const char *equals = strchr(variable, '=');
    if (!equals)
        return;
    size_t length = (size_t)(equals - variable);
    const struct option *option = find(variable, length);
    uint32_t value;
    if (option && parse(option, equals + 1, &value))
        atomic_store_explicit(option->value, value, memory_order_relaxed);
    else if (option)
        say_wrong(option, variable);
    else if (length == sizeof REPORT_FILE - 1 && is_other(variable, length))
        set_report_file(equals + 1);
    else if (!is_other(variable, length))
        log_line("there is no such option, it is ignored: %s (HAKMEM_HELP=1 lists them)", variable);
}

void options_read(char **environment)
{
    for (; environment && *environment; environment++)
        if (strncmp(*environment, PREFIX, sizeof PREFIX - 1) == 0)
            read_variable(*environment);
}

/* An option's value in the environment, without a word about what is wrong: options_read says that later. */
static void read_quietly(const struct option *option, char **environment)
{
    size_t length = strlen(option->name);
    uint32_t value;
    for (; environment && *environment; environment++)
        if (strncmp(*environment, option->name, length) == 0 && (*environment)[length] == '=' &&
            parse(option, *environment + length + 1, &value))
            atomic_store_explicit(option->value, value, memory_order_relaxed);
}

void watch_read_options(void)
{
    char **environment = environment_early();
    for (int i = 0; i < OPTIONS; i++)
        if (table[i].value == &options.check || table[i].value == &options.secure)
            read_quietly(&table[i], environment);
}

void options_print(bool all)
{
    if (all)
        log_row("HAKMEM %s: options, each an environment variable (default, range: what it does)",
                hakmem_version());
    else
        log_line("version %s", hakmem_version());
    for (int i = 0; i < OPTIONS; i++) {
        const struct option *option = &table[i];
        char initial[VALUE_BYTES], value[VALUE_BYTES], range[64];
        format(option, option->initial, initial);
        format(option, value_of(option), value);
        describe_range(option, range, sizeof range);
        if (all)
            log_row("  %-26s %s, %s: %s", option->name, initial, range, option->help);
        else if (value_of(option) != option->initial)
            log_line("%s=%s", option->name, value);
    }
    if (all)
        log_row("  %-26s none, an absolute path: a report is added to it when a cgroup is nearly full",
                REPORT_FILE);
}

EXPORT bool hakmem_option_get(const char *name, char *buffer, size_t size)
{
    char text[VALUE_BYTES];
    const struct option *option = find(name, strlen(name));
    if (!option) {
        errno = ENOENT;
        return false;
    }
    size_t length = format(option, value_of(option), text);
    if (length >= size) {
        errno = ERANGE;
        return false;
    }
    memcpy(buffer, text, length + 1);
    return true;
}

EXPORT bool hakmem_option_set(const char *name, const char *value)
{
    uint32_t number;
    const struct option *option = find(name, strlen(name));
    if (!option)
        errno = ENOENT;
    else if (option->when == START || OPTION_VALUE(secure))
        errno = EPERM;
    else if (!parse(option, value, &number))
        errno = EINVAL;
    else {
        atomic_store_explicit(option->value, number, memory_order_relaxed);
        scavenger_note_options();
        return true;
    }
    return false;
}
