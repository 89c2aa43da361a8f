/* options.c - the one parser of options. The table is base/options.def. */
#include <errno.h>
#include <string.h>

#include "api/api.h"
#include "base/log.h"
#include "hakmem.h"

enum when { START, ANY };

struct option {
    const char *name;
    _Atomic uint32_t *value;
    uint32_t initial, minimum, maximum;
    enum when when;
    const char *help;
};

static const struct option table[] = {
#define OPTION(field, name, initial, minimum, maximum, when, help)                                           \
    {name, &options.field, initial, minimum, maximum, when, help},
#include "base/options.def"
#undef OPTION
};

enum { OPTIONS = sizeof table / sizeof table[0] };

#define PREFIX "HAKMEM_"

/* Variables with our prefix that are not the library's: the command's. */
static const char *const others[] = {"HAKMEM_LIB"};

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

/* A whole number in the option's range. */
static bool parse(const struct option *option, const char *text, uint32_t *value)
{
    uint64_t number = 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || (number = number * 10 + (uint64_t)(*text - '0')) > option->maximum)
            return false;
    }
    *value = (uint32_t)number;
    return number >= option->minimum;
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
        log_line("%s is not a whole number in %u..%u; the default is used, %u", variable, option->minimum,
                 option->maximum, option->initial);
    else if (!is_other(variable, length))
        log_line("there is no such option, it is ignored: %s (HAKMEM_HELP=1 lists them)", variable);
}

void options_read(char **environment)
{
    for (; environment && *environment; environment++)
        if (strncmp(*environment, PREFIX, sizeof PREFIX - 1) == 0)
            read_variable(*environment);
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
        if (all)
            log_row("  %-26s %u, %u..%u: %s", option->name, option->initial, option->minimum, option->maximum,
                    option->help);
        else if (value_of(option) != option->initial)
            log_line("%s=%u", option->name, value_of(option));
    }
}

EXPORT bool hakmem_option_get(const char *name, char *buffer, size_t size)
{
    char text[16];
    const struct option *option = find(name, strlen(name));
    if (!option) {
        errno = ENOENT;
        return false;
    }
    size_t length = log_format(text, sizeof text, "%u", value_of(option));
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
    else if (option->when == START)
        errno = EPERM;
    else if (!parse(option, value, &number))
        errno = EINVAL;
    else {
        atomic_store_explicit(option->value, number, memory_order_relaxed);
        return true;
    }
    return false;
}
