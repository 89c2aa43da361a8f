/* The parser of options, on an environment made of the input's lines, against a second opinion on what each
 * value means. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/log.h"
#include "hakmem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES = 64, TEXT_BYTES = 4096 };
enum when { START, ANY };

#define NUMBER ""
#define MEBIBYTES "M"

struct row {
    const char *name;
    _Atomic uint32_t *value;
    uint32_t initial, minimum, maximum;
    const char *form;
    enum when when;
    uint32_t expected;
};

static struct row rows[] = {
#define OPTION(field, name, initial, minimum, maximum, form, when, help)                                     \
    {name, &options.field, initial, minimum, maximum, form, when, initial},
#include "base/options.def"
#undef OPTION
};

enum { ROWS = sizeof rows / sizeof rows[0] };

#define EXPECT(condition) ((condition) ? (void)0 : fail(__LINE__, #condition))

static void __attribute__((noreturn)) fail(int line, const char *condition)
{
    fprintf(stderr, "fuzz_options.c:%d: not true: %s\n", line, condition);
    abort();
}

/* ---- the second opinion: by libc, where the parser does without it */

static bool mean_number(const struct row *row, const char *text, uint64_t *number)
{
    size_t digits = strspn(text, "0123456789");
    if (!digits)
        return false;
    errno = 0;
    *number = strtoull(text, NULL, 10);
    if (errno == ERANGE || *number > row->maximum) /* also before the suffix multiplies */
        return false;
    const char *suffix = text + digits;
    if (!*row->form || (!*suffix && *number == 0))
        return !*suffix;
    const char *known = *suffix ? strchr("MGT", *suffix) : NULL;
    if (!known || suffix[1])
        return false;
    *number <<= *known == 'T' ? 20 : *known == 'G' ? 10 : 0;
    return true;
}

static bool mean_word(const struct row *row, const char *text, uint64_t *number)
{
    char words[100];
    snprintf(words, sizeof words, "%s", row->form);
    *number = 0;
    for (char *rest = words, *word; (word = strsep(&rest, "|")) != NULL; ++*number)
        if (strcmp(word, text) == 0)
            return true;
    return false;
}

static bool mean(const struct row *row, const char *text, uint32_t *value)
{
    uint64_t number;
    bool right = strchr(row->form, '|') ? mean_word(row, text, &number) : mean_number(row, text, &number);
    if (!right || number < row->minimum || number > row->maximum)
        return false;
    *value = (uint32_t)number;
    return true;
}

static struct row *row_of(const char *name)
{
    for (int i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

/* ---- both */

static void expect_values(void)
{
    for (int i = 0; i < ROWS; i++)
        EXPECT(atomic_load(rows[i].value) == rows[i].expected);
}

static void reset(void)
{
    for (int i = 0; i < ROWS; i++)
        atomic_store(rows[i].value, rows[i].expected = rows[i].initial);
}

/* The line's name and value; NULL for the value when it has none. */
static char *split(char *line)
{
    char *equals = strchr(line, '=');
    if (equals)
        *equals = '\0';
    return equals ? equals + 1 : NULL;
}

static void expect_read(char **lines)
{
    options_read(lines);
    const char *path = options_report_file();
    EXPECT(!path || (*path == '/' && strlen(path) < 256));
    for (; *lines; lines++) {
        const char *value = split(*lines);
        struct row *row = row_of(*lines);
        if (row && value)
            mean(row, value, &row->expected);
    }
    expect_values();
}

/* In secure mode nothing can be changed. */
static void expect_set(const char *name, const char *value)
{
    uint32_t number;
    struct row *row = row_of(name);
    bool may = row && row->when == ANY && !atomic_load(&options.secure);
    bool right = may && mean(row, value, &number);
    errno = 0;
    EXPECT(hakmem_option_set(name, value) == right);
    EXPECT(errno == (right ? 0 : !row ? ENOENT : !may ? EPERM : EINVAL));
    if (right)
        row->expected = number;
    expect_values();
}

/* What is read back means the same, and fits wherever there is room for it. */
static void expect_get(const char *name, size_t room)
{
    char text[64];
    uint32_t number;
    struct row *row = row_of(name);
    memset(text, '#', sizeof text);
    errno = 0;
    bool got = hakmem_option_get(name, text, room);
    EXPECT(errno == (got ? 0 : row ? ERANGE : ENOENT));
    EXPECT(text[room] == '#');
    if (got)
        EXPECT(mean(row, text, &number) && number == row->expected && strlen(text) < room);
    else if (row)
        EXPECT(hakmem_option_get(name, text, sizeof text) && strlen(text) >= room);
}

static void quiet(void)
{
    static int nowhere = -1;
    if (nowhere < 0)
        log_to(nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[TEXT_BYTES];
    char *lines[LINES + 1] = {NULL}, *rest = text;
    size = size < sizeof text - 1 ? size : sizeof text - 1;
    memcpy(text, data, size);
    text[size] = '\0';
    for (int n = 0; n < LINES && rest; n++)
        lines[n] = strsep(&rest, "\n");
    quiet();
    reset();
    expect_read(lines);
    options_print(false);
    options_print(true);
    for (char **line = lines; *line; line++) { /* the '=' is a NUL now */
        expect_set(*line, *line + strlen(*line) + (*line + strlen(*line) < text + size));
        expect_get(*line, size % 32);
    }
    reset();
    return 0;
}
