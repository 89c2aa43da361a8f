/* canvas.c - a picture of characters. */
#define _GNU_SOURCE 1

#include "canvas.h"

#include "text.h"

#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

enum { LINE_BYTES = 1024 };

void canvas_open(struct canvas *canvas, int rows, int columns)
{
    canvas->rows = rows > 0 ? rows : 0;
    canvas->columns = columns > 0 ? columns : 0;
    size_t count = (size_t)canvas->rows * (size_t)canvas->columns;
    canvas->cells = memory_resize(canvas->cells, count, sizeof *canvas->cells);
    for (size_t i = 0; i < count; i++)
        canvas->cells[i] = (struct canvas_cell){.character = L' '};
}

void canvas_close(struct canvas *canvas)
{
    free(canvas->cells);
    canvas->cells = NULL;
    canvas->rows = canvas->columns = 0;
}

static struct canvas_cell *cell_at(struct canvas *canvas, int row, int column)
{
    if (row < 0 || row >= canvas->rows || column < 0 || column >= canvas->columns)
        return NULL;
    return &canvas->cells[(size_t)row * (size_t)canvas->columns + (size_t)column];
}

void canvas_put(struct canvas *canvas, int row, int column, struct canvas_cell cell)
{
    struct canvas_cell *at = cell_at(canvas, row, column);
    if (at)
        *at = cell;
}

/* The next character, and how many columns it takes; returns the bytes behind it. */
static const char *next_character(const struct canvas *canvas, const char *text, wchar_t *character,
                                  int *width)
{
    mbstate_t state = {0};
    size_t length = mbrtowc(character, text, MB_CUR_MAX, &state);
    *width = length > 0 && length < MB_LEN_MAX ? wcwidth(*character) : -1;
    if (*width >= 0 && !(canvas->ascii && *character > 0x7e))
        return text + length;
    bool whole = length > 0 && length < MB_LEN_MAX;
    *character = L'?';
    *width = 1;
    return text + (whole ? length : 1);
}

static int print_text(struct canvas *canvas, int row, int column, int style, const char *text)
{
    while (*text) {
        wchar_t character;
        int width;
        text = next_character(canvas, text, &character, &width);
        if (width == 0)
            continue;
        bool cut = column + width > canvas->columns;
        canvas_put(canvas, row, column,
                   (struct canvas_cell){.character = cut ? L' ' : character, .style = (unsigned char)style});
        for (int i = 1; i < width && !cut; i++)
            canvas_put(canvas, row, column + i, (struct canvas_cell){.style = (unsigned char)style});
        column += width;
    }
    return column;
}

int canvas_print(struct canvas *canvas, int row, int column, int style, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return print_text(canvas, row, column, style, line);
}

void canvas_style_row(struct canvas *canvas, int row, int style)
{
    for (int column = 0; column < canvas->columns; column++) {
        struct canvas_cell *cell = cell_at(canvas, row, column);
        if (cell)
            cell->style |= (unsigned char)style;
    }
}

void canvas_colour(struct canvas *canvas, int row, int from, int to, enum ink ink)
{
    for (int column = from; column < to; column++) {
        struct canvas_cell *cell = cell_at(canvas, row, column);
        if (cell)
            cell->ink = (unsigned char)ink;
    }
}

/* How many cells of a row come before its trailing blanks. */
static int used_columns(const struct canvas *canvas, int row)
{
    int used = canvas->columns;
    const struct canvas_cell *cells = canvas->cells + (size_t)row * (size_t)canvas->columns;
    while (used > 0 && cells[used - 1].character == L' ')
        used--;
    return used;
}

bool canvas_write(const struct canvas *canvas, FILE *file)
{
    for (int row = 0; row < canvas->rows; row++) {
        int used = used_columns(canvas, row);
        for (int column = 0; column < used; column++) {
            char bytes[MB_LEN_MAX];
            mbstate_t state = {0};
            wchar_t character =
                canvas->cells[(size_t)row * (size_t)canvas->columns + (size_t)column].character;
            size_t length = character ? wcrtomb(bytes, character, &state) : 0;
            if (length > sizeof bytes) {
                bytes[0] = '?';
                length = 1;
            }
            fwrite(bytes, 1, length, file);
        }
        putc('\n', file);
    }
    return fflush(file) == 0 && !ferror(file);
}
