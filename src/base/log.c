#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 1000 };

struct text {
    char *at;
    char *end; /* one byte is kept for the NUL */
};

static void put(struct text *text, char c)
{
    if (text->at < text->end)
        *text->at++ = c;
}

static void put_padding(struct text *text, size_t have, size_t width)
{
    for (; have < width; have++)
        put(text, ' ');
}

static void put_string(struct text *text, const char *s, size_t width)
{
    size_t length = 0;
    for (; s[length]; length++)
        put(text, s[length]);
    put_padding(text, length, width);
}

static void put_number(struct text *text, uint64_t value, unsigned base, size_t width)
{
    char digits[20];
    size_t n = 0;
    do
        digits[n++] = "0123456789abcdef"[value % base];
    while ((value /= base) != 0);
    put_padding(text, n, width);
    while (n)
        put(text, digits[--n]);
}

static void put_signed(struct text *text, int value)
{
    if (value < 0)
        put(text, '-');
    put_number(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, 0);
}

/* One conversion, `f` just behind the '%'; returns what follows it. */
static const char *put_conversion(struct text *text, const char *f, va_list *arguments)
{
    size_t width = 0;
    bool wide = false;
    for (; *f == '-' || *f == 'l' || *f == 'z' || (*f >= '0' && *f <= '9'); f++) {
        wide |= *f == 'l' || *f == 'z';
        if (*f >= '0' && *f <= '9')
            width = width * 10 + (size_t)(*f - '0');
    }
    switch (*f) {
    case 's': put_string(text, va_arg(*arguments, const char *), width); break;
    case 'c': put(text, (char)va_arg(*arguments, int)); break;
    case 'd': put_signed(text, va_arg(*arguments, int)); break;
    case 'u':
    case 'x':
        put_number(text, wide ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned),
                   *f == 'u' ? 10 : 16, width);
        break;
    case 'p':
        put_string(text, "0x", 0);
        put_number(text, (uintptr_t)va_arg(*arguments, void *), 16, 0);
        break;
    default: put(text, *f); break;
    }
    return f + 1;
}

size_t log_format_list(char *buffer, size_t size, const char *format, va_list *arguments)
{
    struct text text = {buffer, buffer + size - 1};
    while (*format)
        if (*format == '%')
            format = put_conversion(&text, format + 1, arguments);
        else
            put(&text, *format++);
    *text.at = '\0';
    return (size_t)(text.at - buffer);
}

static _Atomic int output = STDERR_FILENO;

void log_to(int fd)
{
    atomic_store_explicit(&output, fd, memory_order_relaxed);
}

static void print(const char *prefix, const char *format, va_list *arguments)
{
    int saved_errno = errno;
    char line[LINE_BYTES];
    size_t length = strlen(prefix);
    memcpy(line, prefix, length);
    length += log_format_list(line + length, sizeof line - length - 1, format, arguments);
    line[length++] = '\n';
    for (size_t done = 0; done < length;) {
        ssize_t n = write(atomic_load_explicit(&output, memory_order_relaxed), line + done, length - done);
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    errno = saved_errno;
}

void log_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("hakmem: ", format, &arguments);
    va_end(arguments);
}

void log_row(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("", format, &arguments);
    va_end(arguments);
}

size_t log_format(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = log_format_list(buffer, size, format, &arguments);
    va_end(arguments);
    return length;
}

void log_fatal(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print("hakmem: ", format, &arguments);
    va_end(arguments);
    abort();
}
