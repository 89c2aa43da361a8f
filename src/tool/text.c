/* text.c - messages, growing strings, numbers with units, colours, the progress line. */
#define _GNU_SOURCE 1

#include "text.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *memory_resize(void *block, size_t count, size_t size)
{
    void *resized = reallocarray(block, count ? count : 1, size);
    if (!resized) {
        message_print("out of memory");
        exit(1);
    }
    return resized;
}

char *text_copy(const char *source)
{
    size_t bytes = strlen(source) + 1;
    return memcpy(memory_resize(NULL, bytes, 1), source, bytes);
}

void text_add(struct text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    size_t needed = text->length + (length > 0 ? (size_t)length : 0) + 1;
    if (needed > text->capacity) {
        text->capacity = needed * 2;
        text->data = memory_resize(text->data, text->capacity, 1);
    }
    vsnprintf(text->data + text->length, text->capacity - text->length, format, again);
    va_end(again);
    text->length = needed - 1;
}

void text_free(struct text *text)
{
    free(text->data);
    *text = (struct text){NULL, 0, 0};
}

void message_print(const char *format, ...)
{
    va_list arguments;
    progress_clear();
    va_start(arguments, format);
    fputs("hakmem: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

int usage_error(const char *command, const char *format, ...)
{
    const char *space = *command ? " " : "";
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "hakmem%s%s: ", space, command);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "; 'hakmem%s%s --help' tells more\n", space, command);
    va_end(arguments);
    return 2;
}

/* Three significant digits, as a person would write them. */
static void number_digits(double value, const char *unit, char buffer[NUMBER_BYTES])
{
    double size = fabs(value);
    int decimals = size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2;
    snprintf(buffer, NUMBER_BYTES, "%.*f%s", decimals, value, unit);
}

const char *number_short(double value, char buffer[NUMBER_BYTES])
{
    static const char *const unit[] = {"", "k", "M", "G", "T"};
    size_t step = 0;
    if (!isfinite(value))
        return strcpy(buffer, "-");
    while (fabs(value) >= 999.5 && step + 1 < sizeof unit / sizeof unit[0]) {
        value /= 1000;
        step++;
    }
    if (step == 0 && value == floor(value))
        snprintf(buffer, NUMBER_BYTES, "%.0f", value);
    else
        number_digits(value, unit[step], buffer);
    return buffer;
}

const char *number_bytes(double bytes, char buffer[NUMBER_BYTES])
{
    if (!isfinite(bytes))
        return strcpy(buffer, "-");
    if (fabs(bytes) < 1024 * 1024)
        number_digits(bytes / 1024, " KiB", buffer);
    else if (fabs(bytes) < 1024.0 * 1024 * 1024)
        number_digits(bytes / (1024 * 1024), " MiB", buffer);
    else
        number_digits(bytes / (1024.0 * 1024 * 1024), " GiB", buffer);
    return buffer;
}

const char *number_seconds(double seconds, char buffer[NUMBER_BYTES])
{
    if (!isfinite(seconds))
        return strcpy(buffer, "-");
    if (fabs(seconds) < 1)
        number_digits(seconds * 1e3, " ms", buffer);
    else
        number_digits(seconds, " s", buffer);
    return buffer;
}

static bool colours_wanted(void)
{
    const char *refused = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) && !(refused && *refused) && !(terminal && strcmp(terminal, "dumb") == 0);
}

const char *colour_begin(enum colour colour)
{
    static const char *const sequence[] = {
        [COLOUR_NONE] = "",          [COLOUR_BOLD] = "\033[1m", [COLOUR_DIM] = "\033[2m",
        [COLOUR_GREEN] = "\033[32m", [COLOUR_RED] = "\033[31m",
    };
    return colours_wanted() ? sequence[colour] : "";
}

const char *colour_end(void)
{
    return colours_wanted() ? "\033[0m" : "";
}

static bool progress_shown;

void progress_show(const char *format, ...)
{
    char line[200];
    va_list arguments;
    if (!isatty(STDERR_FILENO))
        return;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\r\033[K%.78s", line);
    fflush(stderr);
    progress_shown = true;
}

void progress_clear(void)
{
    if (progress_shown)
        fputs("\r\033[K", stderr);
    progress_shown = false;
}
