/* top_draw.c - what `hakmem top` shows, on a canvas of any size: head, legend, graph, rates, table, keys. */
#include "top.h"

#include "top_graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
    GRAPH_MIN_ROWS = 4,
    GRAPH_MAX_ROWS = 16,
    ROWS_FOR_GRAPH = 16, /* with fewer there is none, */
    ROWS_FOR_RATES = 7,  /* none of these */
    LEGEND_MAX_ROWS = 3,
    COLUMN_GAP = 1,
    PLAIN_COLUMNS = 100,
    PLAIN_ROWS_OF_TABLE = 10,
};

static const char *const group_titles[TOP_GROUPS] = {"live",     "free in slabs", "cached",
                                                     "retained", "metadata",      "not malloc's"};

/* ---- numbers */

static const char *value_text(double value, enum top_kind kind, char text[NUMBER_BYTES])
{
    char number[NUMBER_BYTES];
    if (isnan(value))
        return strcpy(text, "-");
    switch (kind) {
    case TOP_COUNT: return number_short(value, text);
    case TOP_BYTES: return value == 0 ? strcpy(text, "0") : number_bytes(value, text);
    case TOP_PERCENT: snprintf(text, NUMBER_BYTES, "%.1f %%", value); break;
    case TOP_PER_SECOND: snprintf(text, NUMBER_BYTES, "%.20s/s", number_short(round(value), number)); break;
    case TOP_BYTES_PER_SECOND:
        if (value == 0)
            return strcpy(text, "0");
        snprintf(text, NUMBER_BYTES, "%s%.20s/s", value > 0 ? "+" : "", number_bytes(value, number));
        break;
    }
    return text;
}

/* ---- head */

static const char *state_word(const struct top *top)
{
    if (top->ended)
        return "ENDED";
    if (top->look.source == READER_CORE)
        return "CORE FILE";
    if (top->paused)
        return "PAUSED";
    return top->look.stopped ? "STOPPED" : "";
}

static void draw_head(const struct top *top, struct canvas *canvas, int row)
{
    char number[NUMBER_BYTES], right[80], when[16];
    time_t taken = (time_t)(top->look.taken_ms / 1000);
    struct tm broken = {0};
    const char *state = state_word(top);
    localtime_r(&taken, &broken);
    strftime(when, sizeof when, "%H:%M:%S", &broken);
    number_seconds(top_pause_s(top), number);
    snprintf(right, sizeof right, "%s%s%s%s%s", state, *state ? "  " : "", when,
             top_is_live(top) ? "  every " : "", top_is_live(top) ? number : "");
    int column = canvas_print(canvas, row, 0, STYLE_BOLD, "%s",
                              *top->look.program ? top->look.program : "a program");
    if (top->look.pid)
        column = canvas_print(canvas, row, column, STYLE_PLAIN, ", process %d", top->look.pid);
    canvas_print(canvas, row, column, STYLE_PLAIN, ", HAKMEM %s, %zu thread%s", top->look.library,
                 top->look.threads, top->look.threads == 1 ? "" : "s");
    int at = canvas->columns - (int)strlen(right);
    if (at > 12) {
        canvas_print(canvas, row, at - 2, STYLE_PLAIN, "  ");
        canvas_print(canvas, row, at, *state ? STYLE_REVERSE : STYLE_PLAIN, "%s", right);
    }
}

/* ---- legend */

static uint64_t rss_of(const struct top_look *look)
{
    return look->rss_bytes ? look->rss_bytes : look->sum_bytes;
}

/* Entries side by side, as many rows as they need; returns the row behind them. */
static int draw_legend(const struct top *top, struct canvas *canvas, int row)
{
    char number[NUMBER_BYTES], entry[80];
    int last = row + LEGEND_MAX_ROWS - 1;
    int column = canvas_print(canvas, row, 0, STYLE_BOLD, "%s %s",
                              top->look.source == READER_CORE ? "held" : "RSS",
                              number_bytes((double)rss_of(&top->look), number));
    for (int group = 0; group < TOP_GROUPS; group++) {
        double bytes = (double)top->look.point.bytes[group];
        double percent = top->look.sum_bytes ? 100 * bytes / (double)top->look.sum_bytes : 0;
        int length = snprintf(entry, sizeof entry, "%s %s %.0f %%", group_titles[group],
                              number_bytes(bytes, number), percent);
        if (column + 4 + length > canvas->columns && row < last) {
            row++;
            column = -2;
        }
        graph_draw_key(canvas, row, column + 2, (enum top_group)group, top->colours);
        column = canvas_print(canvas, row, column + 4, STYLE_PLAIN, "%s", entry);
    }
    return row + 1;
}

/* ---- rates */

static const char *percent_text(double share, char text[NUMBER_BYTES])
{
    return value_text(100 * share, TOP_PERCENT, text);
}

static int draw_rate(struct canvas *canvas, int row, int column, const char *title, const char *bound,
                     const char *value)
{
    column = canvas_print(canvas, row, column, STYLE_DIM, "%s ", title);
    column = canvas_print(canvas, row, column, STYLE_PLAIN, "%s", strcmp(value, "-") == 0 ? "" : bound);
    return canvas_print(canvas, row, column, STYLE_BOLD, "%s", value) + 3;
}

/* Two rows. What was not counted call by call is a lower bound, and says so. */
static int draw_rates(const struct top *top, struct canvas *canvas, int row)
{
    const struct top_rates *rates = &top->look.rates;
    const char *at_least = top->ascii ? ">= " : "≥ ", *bound = rates->counted ? "" : at_least;
    char number[NUMBER_BYTES];
    int column = draw_rate(canvas, row, 0, "malloc", bound,
                           value_text(rates->mallocs, TOP_PER_SECOND, number));
    column = draw_rate(canvas, row, column, "free", bound, value_text(rates->frees, TOP_PER_SECOND, number));
    column = draw_rate(canvas, row, column, "by other threads", "",
                       value_text(rates->remote_frees, TOP_PER_SECOND, number));
    draw_rate(canvas, row, column, "system calls", "",
              value_text(rates->system_calls, TOP_PER_SECOND, number));
    column = draw_rate(canvas, row + 1, 0, "FastCache hits", bound, percent_text(rates->malloc_hits, number));
    if (rates->counted)
        column = draw_rate(canvas, row + 1, column, "of frees", "", percent_text(rates->free_hits, number));
    column = draw_rate(canvas, row + 1, column, "LRU hits", "", percent_text(rates->lru_hits, number));
    column = draw_rate(canvas, row + 1, column, "uses", "",
                       value_text(rates->lru_uses, TOP_PER_SECOND, number));
    if (!rates->counted && !isnan(rates->mallocs))
        canvas_print(canvas, row + 1, column, STYLE_DIM, "%s: lower bound (HAKMEM_FRONT_STATS=1 counts)",
                     top->ascii ? ">=" : "≥");
    return row + 2;
}

/* ---- tables */

static int column_print(struct canvas *canvas, int row, int column, int width, int style, const char *text)
{
    int length = (int)strlen(text);
    canvas_print(canvas, row, column + (length < width ? width - length : 0), style, "%s", text);
    return column + width + COLUMN_GAP;
}

static void draw_table_head(const struct top *top, struct canvas *canvas, int row, enum top_table_name name)
{
    const struct top_table *table = &top->look.tables[name];
    size_t sorted = top->sort[name];
    int column = table->label_width + COLUMN_GAP;
    canvas_print(canvas, row, 0, sorted == 0 ? STYLE_BOLD : STYLE_PLAIN, "%s", table->title);
    for (size_t i = 0; i < table->column_count; i++)
        column = column_print(canvas, row, column, table->columns[i].width,
                              sorted == i + 1 ? STYLE_BOLD : STYLE_PLAIN, table->columns[i].title);
    canvas_style_row(canvas, row, STYLE_REVERSE);
}

static void draw_row(struct canvas *canvas, int row, const struct top_table *table,
                     const struct top_row *data)
{
    char number[NUMBER_BYTES];
    int column = table->label_width + COLUMN_GAP;
    canvas_print(canvas, row, 0, STYLE_PLAIN, "%s", data->label);
    canvas_print(canvas, row, table->label_width, STYLE_PLAIN, "%*s", canvas->columns, "");
    for (size_t i = 0; i < table->column_count; i++)
        column = column_print(canvas, row, column, table->columns[i].width, STYLE_PLAIN,
                              value_text(data->value[i], table->columns[i].kind, number));
}

/* Head and rows from `first` on, in the rows [row, end). */
static void draw_table(const struct top *top, struct canvas *canvas, int row, int end,
                       enum top_table_name name, int first)
{
    const struct top_table *table = &top->look.tables[name];
    if (row >= end)
        return;
    draw_table_head(top, canvas, row++, name);
    for (size_t i = (size_t)first; i < table->row_count && row < end; i++)
        draw_row(canvas, row++, table, &table->rows[i]);
}

/* ---- the last row */

static void draw_keys(const struct top *top, struct canvas *canvas, int row)
{
    if (*top->note) {
        int end = canvas_print(canvas, row, 0, STYLE_BOLD, "%s; q: quit", top->note);
        canvas_colour(canvas, row, 0, end, top->colours ? INK_RED : INK_NONE);
        return;
    }
    canvas_print(canvas, row, 0, STYLE_PLAIN,
                 "q quit  c classes  t threads  m parts  s/S sort  r reverse  p pause  +/- interval  ? help");
    canvas_style_row(canvas, row, STYLE_DIM);
}

static void draw_help(struct canvas *canvas, int row, int end)
{
    static const char *const lines[] = {
        "q, Esc          quit",
        "c, t, m, Tab    size classes, threads, parts of the memory, the next of these",
        "s, S            sort by the next column, by the one before (also the arrows right and left)",
        "r               smallest first, or largest first",
        "up, down, j, k  scroll; also page up, page down, g: back to the first",
        "p, space        pause, and go on",
        "+, -            look less often, more often",
        "?, h            this help, and back",
        "",
        "live: blocks that the program holds. free in slabs: free blocks, on pages of slabs in use.",
        "cached: free, kept by threads for their next malloc, or on the way back to their slab.",
        "retained: empty SuperSlabs and units kept for reuse. metadata: HAKMEM's records.",
        "not malloc's: programs, libraries, stacks, the program's own mappings.",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0] && row < end; i++)
        canvas_print(canvas, row++, 0, STYLE_PLAIN, "%s", lines[i]);
}

/* ---- all of it */

static int graph_rows(const struct top *top, const struct canvas *canvas)
{
    if (canvas->rows < ROWS_FOR_GRAPH || !top->history_count)
        return 0;
    int rows = (canvas->rows - 8) / 2;
    return rows < GRAPH_MIN_ROWS ? GRAPH_MIN_ROWS : rows > GRAPH_MAX_ROWS ? GRAPH_MAX_ROWS : rows;
}

static void limit_scroll(struct top *top, int visible)
{
    int rows = (int)top->look.tables[top->table].row_count;
    if (top->scroll > rows - visible)
        top->scroll = rows - visible;
    if (top->scroll < 0)
        top->scroll = 0;
}

void top_draw(struct top *top, struct canvas *canvas)
{
    int last = canvas->rows - 1, row = 0;
    canvas->ascii = top->ascii;
    draw_head(top, canvas, row++);
    row = draw_legend(top, canvas, row);
    if (top->help) {
        draw_help(canvas, row + 1, last);
    } else {
        int graph = graph_rows(top, canvas);
        graph_draw(top, canvas, row, graph);
        row += graph;
        if (canvas->rows >= ROWS_FOR_RATES)
            row = draw_rates(top, canvas, row);
        limit_scroll(top, last - row - 1);
        draw_table(top, canvas, row, last, top->table, top->scroll);
    }
    if (last > 0) {
        canvas_print(canvas, last, 0, STYLE_PLAIN, "%*s", canvas->columns, "");
        draw_keys(top, canvas, last);
    }
}

static int shown_rows(const struct top_table *table)
{
    return table->row_count < PLAIN_ROWS_OF_TABLE ? (int)table->row_count : PLAIN_ROWS_OF_TABLE;
}

void top_draw_plain(struct top *top, struct canvas *canvas)
{
    static const enum top_table_name order[] = {TABLE_PARTS, TABLE_CLASSES, TABLE_THREADS};
    int rows = 4 + LEGEND_MAX_ROWS + READER_PARTS + 2 * PLAIN_ROWS_OF_TABLE + 2 * TOP_TABLES;
    canvas_open(canvas, rows, PLAIN_COLUMNS);
    canvas->ascii = top->ascii;
    draw_head(top, canvas, 0);
    int row = draw_legend(top, canvas, 1);
    row = draw_rates(top, canvas, row);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        const struct top_table *table = &top->look.tables[order[i]];
        int shown = order[i] == TABLE_PARTS ? (int)table->row_count : shown_rows(table);
        draw_table(top, canvas, row + 1, row + 2 + shown, order[i], 0);
        row += 2 + shown;
    }
    canvas->rows = row + 1;
}
