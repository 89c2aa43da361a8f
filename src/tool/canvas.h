/* canvas.h - a picture of characters: what is drawn here can go to a terminal, to a pipe or to a test.
 *
 * Everything outside is cut off, so that whoever draws need not know how large the terminal is. */
#ifndef HAKMEM_TOOL_CANVAS_H
#define HAKMEM_TOOL_CANVAS_H

#include <stdbool.h>
#include <stdio.h>
#include <wchar.h>

enum { STYLE_PLAIN = 0, STYLE_BOLD = 1, STYLE_DIM = 2, STYLE_REVERSE = 4 };

/* Colours by number, 0 for the terminal's own: 1 and 2 warn and praise, the others are for graphs. */
enum ink { INK_NONE, INK_RED, INK_GREEN, INK_YELLOW, INK_BLUE, INK_MAGENTA, INK_CYAN, INK_WHITE, INKS };

struct canvas_cell {
    wchar_t character; /* 0: the right half of a wide one */
    unsigned char style, ink, paper;
};

struct canvas {
    int rows, columns;
    bool ascii; /* what is not ASCII becomes '?' */
    struct canvas_cell *cells;
};

/* Makes it this large, and empty. */
void canvas_open(struct canvas *canvas, int rows, int columns);
void canvas_close(struct canvas *canvas);

void canvas_put(struct canvas *canvas, int row, int column, struct canvas_cell cell);

/* Text in the locale's encoding; control characters become '?'. Returns the column behind it, even where
 * that is outside. */
int canvas_print(struct canvas *canvas, int row, int column, int style, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Gives a whole row a style. */
void canvas_style_row(struct canvas *canvas, int row, int style);

/* Colours part of a row. */
void canvas_colour(struct canvas *canvas, int row, int from, int to, enum ink ink);

/* As lines of text without colours; false, with errno, when they cannot be written. */
bool canvas_write(const struct canvas *canvas, FILE *file);

#endif
