/* log.h - the one place that prints. Lines go to standard error, unbuffered, without allocating,
 * each in one write, so that lines of several threads do not mix. Callable from anywhere, with any
 * lock held. */
#ifndef HAKMEM_BASE_LOG_H
#define HAKMEM_BASE_LOG_H

#include <stdarg.h>
#include <stddef.h>

#include "base/config.h"

/* Prints "hakmem: " and the text. Knows %s, %c, %d, %u, %x, %zu, %lu, %lx, %p and %%, with a width for
 * numbers ("%6zu", not %d), a '-' and a width for strings ("%-8s") and nothing else. A line is cut at 1,000
 * bytes. */
void log_line(const char *format, ...) HIDDEN COLD __attribute__((format(printf, 1, 2)));

/* The same without the prefix: a line of a table. */
void log_row(const char *format, ...) HIDDEN COLD __attribute__((format(printf, 1, 2)));

/* Where lines go from now on: a file descriptor, 2 at first. Other threads' lines go there too. */
void log_to(int fd) HIDDEN;

/* Formats like log_line into a buffer of `size` bytes, always ended by a NUL; returns the length. */
size_t log_format(char *buffer, size_t size, const char *format, ...) HIDDEN
    __attribute__((format(printf, 3, 4)));

/* The same from a list of arguments. */
size_t log_format_list(char *buffer, size_t size, const char *format, va_list *arguments) HIDDEN;

/* A program's mistake that cannot be survived: prints the line and aborts. */
void log_fatal(const char *format, ...) HIDDEN COLD __attribute__((noreturn, format(printf, 1, 2)));

#endif
