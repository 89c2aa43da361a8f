/* top_screen.c - `hakmem top` on a terminal, by ncurses: it shows the canvas, and turns keys into those of
 * top_press.
 *
 * It waits for keys and for the end of the process at once. ncurses has its own handlers for a resize, for
 * being stopped and for being ended by a signal: the terminal is put right again each time. */
#define _GNU_SOURCE 1
#define NCURSES_WIDECHAR 1

#include "top.h"

#include <errno.h>
#include <math.h>
#include <ncurses.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { ESCAPE_WAIT_MS = 25 };

/* ---- the terminal */

static short pair_of(const struct canvas_cell *cell)
{
    return (short)(1 + cell->ink * INKS + cell->paper);
}

static short colour_of(int ink)
{
    static const short colours[INKS] = {-1,         COLOR_RED,     COLOR_GREEN, COLOR_YELLOW,
                                        COLOR_BLUE, COLOR_MAGENTA, COLOR_CYAN,  COLOR_WHITE};
    return colours[ink];
}

static bool colours_open(void)
{
    const char *refused = getenv("NO_COLOR");
    if ((refused && *refused) || !has_colors() || start_color() == ERR || use_default_colors() == ERR ||
        COLOR_PAIRS <= INKS * INKS)
        return false;
    for (int ink = 0; ink < INKS; ink++)
        for (int paper = 0; paper < INKS; paper++)
            init_pair((short)(1 + ink * INKS + paper), colour_of(ink), colour_of(paper));
    return true;
}

static SCREEN *terminal_open(struct top *top)
{
    SCREEN *screen = newterm(NULL, stdout, stdin);
    if (!screen)
        return NULL;
    set_escdelay(ESCAPE_WAIT_MS);
    cbreak();
    noecho();
    curs_set(0);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    top->colours = colours_open();
    return screen;
}

static void terminal_close(SCREEN *screen)
{
    endwin();
    delscreen(screen);
}

/* ---- the picture */

static attr_t attributes_of(const struct canvas_cell *cell)
{
    attr_t attributes = A_NORMAL;
    if (cell->style & STYLE_BOLD)
        attributes |= A_BOLD;
    if (cell->style & STYLE_DIM)
        attributes |= A_DIM;
    if (cell->style & STYLE_REVERSE)
        attributes |= A_REVERSE;
    return attributes;
}

static void show_cell(int row, int column, const struct canvas_cell *cell, bool colours)
{
    wchar_t text[2] = {cell->character, L'\0'};
    cchar_t complex;
    bool coloured = colours && (cell->ink || cell->paper);
    if (cell->character &&
        setcchar(&complex, text, attributes_of(cell), coloured ? pair_of(cell) : 0, NULL) == OK)
        mvadd_wch(row, column, &complex);
}

static void show(struct top *top)
{
    struct canvas canvas = {0};
    int rows, columns;
    getmaxyx(stdscr, rows, columns);
    canvas_open(&canvas, rows, columns);
    top_draw(top, &canvas);
    erase();
    for (int row = 0; row < canvas.rows; row++)
        for (int column = 0; column < canvas.columns; column++)
            show_cell(row, column, &canvas.cells[(size_t)row * (size_t)canvas.columns + (size_t)column],
                      top->colours);
    refresh();
    canvas_close(&canvas);
}

/* ---- keys */

static int key_of(int key)
{
    switch (key) {
    case KEY_UP: return TOP_KEY_UP;
    case KEY_DOWN: return TOP_KEY_DOWN;
    case KEY_PPAGE: return TOP_KEY_PAGE_UP;
    case KEY_NPAGE: return TOP_KEY_PAGE_DOWN;
    case KEY_LEFT: return TOP_KEY_LEFT;
    case KEY_RIGHT: return TOP_KEY_RIGHT;
    case KEY_HOME: return 'g';
    default: return key > 0xff ? 0 : key;
    }
}

/* All keys that were pressed; false: one of them was to quit. */
static bool press_keys(struct top *top)
{
    for (int key = getch(); key != ERR; key = getch())
        if (!top_press(top, key_of(key)))
            return false;
    return true;
}

/* Until a key, the process's end, a signal, or that much time. False when the terminal has gone. */
static bool wait_for(const struct top *top, double seconds)
{
    struct pollfd files[] = {{STDIN_FILENO, POLLIN, 0},
                             {top_is_live(top) ? top->process_file : -1, POLLIN, 0}};
    int timeout_ms = isinf(seconds) ? -1 : (int)fmin(ceil(fmax(seconds, 0) * 1000), 3600000);
    if (poll(files, 2, timeout_ms) < 0)
        return errno == EINTR;
    return !(files[0].revents & (POLLHUP | POLLERR | POLLNVAL));
}

static double seconds_left(const struct top *top, double looked_s)
{
    if (top->paused || !top_is_live(top))
        return (double)INFINITY;
    return looked_s + top_pause_s(top) - top_clock_s();
}

/* The first look has been taken. */
static void run(struct top *top, unsigned long long count)
{
    double looked_s = top_clock_s();
    for (unsigned long long looks = 1;;) {
        show(top);
        if (count && looks >= count)
            return;
        if (!wait_for(top, seconds_left(top, looked_s)) || !press_keys(top))
            return;
        bool ended = top_is_live(top) && top_process_has_ended(top, 0);
        if (ended || seconds_left(top, looked_s) <= 0) {
            top_look(top);
            looked_s = top_clock_s();
            looks++;
        }
    }
}

bool top_screen(struct top *top, unsigned long long count)
{
    SCREEN *screen = terminal_open(top);
    if (!screen) {
        const char *terminal = getenv("TERM");
        message_print("the terminal type '%s' is not known: plain text follows", terminal ? terminal : "");
        return false;
    }
    run(top, count);
    terminal_close(screen);
    return true;
}
