/* text.h - text for people: messages, growing strings, numbers with units, colours. */
#ifndef HAKMEM_TOOL_TEXT_H
#define HAKMEM_TOOL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A string that grows; all zero is empty. */
struct text {
    char *data; /* NUL-terminated once something was added */
    size_t length;
    size_t capacity;
};

void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_free(struct text *text);

/* malloc, realloc and strdup that end the program when there is no memory. */
void *memory_resize(void *block, size_t count, size_t size);
char *text_copy(const char *source);

/* "hakmem: …" on standard error. */
void message_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "hakmem COMMAND: …; 'hakmem COMMAND --help' tells more" on standard error; returns 2, main's
 * status for a wrong use. */
int usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum { NUMBER_BYTES = 24 };

/* "98.3M", "512", "1.20G": three significant digits; "-" when it is not a number. */
const char *number_short(double value, char buffer[NUMBER_BYTES]);

/* "2.85 MiB", "640 KiB". */
const char *number_bytes(double bytes, char buffer[NUMBER_BYTES]);

/* "1.24 s", "3.91 ms". */
const char *number_seconds(double seconds, char buffer[NUMBER_BYTES]);

enum colour { COLOUR_NONE, COLOUR_BOLD, COLOUR_DIM, COLOUR_GREEN, COLOUR_RED };

/* Escape sequence on a terminal's standard output unless NO_COLOR is set, else "". */
const char *colour_begin(enum colour colour);
const char *colour_end(void);

/* One line on standard error that overwrites itself; nothing when that is no terminal. */
void progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));
void progress_clear(void);

#endif
