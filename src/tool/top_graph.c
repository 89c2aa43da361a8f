/* top_graph.c - the resident memory's parts over time.
 *
 * With colours a cell is divided into eighths, by block characters; without, each group has a character
 * of its own. */
#include "top_graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SCALE_COLUMNS = 10, EIGHTHS = 8 };

static const struct {
    enum ink ink;
    wchar_t block, ascii;
} looks[TOP_GROUPS] = {
    [GROUP_LIVE] = {INK_GREEN, L'█', L'#'},       [GROUP_FREE] = {INK_YELLOW, L'▓', L'%'},
    [GROUP_CACHED] = {INK_CYAN, L'▒', L'+'},      [GROUP_RETAINED] = {INK_BLUE, L'░', L'o'},
    [GROUP_METADATA] = {INK_MAGENTA, L'▪', L'm'}, [GROUP_OTHER] = {INK_WHITE, L'·', L'.'},
};

void graph_draw_key(struct canvas *canvas, int row, int column, enum top_group group, bool colours)
{
    wchar_t character = canvas->ascii ? looks[group].ascii : colours ? L'█' : looks[group].block;
    canvas_put(canvas, row, column,
               (struct canvas_cell){.character = character,
                                    .ink = colours ? (unsigned char)looks[group].ink : INK_NONE});
}

static uint64_t sum_of(const struct top_point *point)
{
    uint64_t sum = 0;
    for (int group = 0; group < TOP_GROUPS; group++)
        sum += point->bytes[group];
    return sum;
}

/* The group at this height; TOP_GROUPS above all of them. */
static int group_at(const struct top_point *point, double height_bytes)
{
    double top = 0;
    int group = 0;
    for (; group < TOP_GROUPS; group++) {
        top += (double)point->bytes[group];
        if (height_bytes < top)
            break;
    }
    return group;
}

static enum ink ink_of(int group)
{
    return group < TOP_GROUPS ? looks[group].ink : INK_NONE;
}

/* In colours: the lowest group of the cell in front, the one that has most of the rest behind it. */
static struct canvas_cell cell_of_eighths(const struct top_point *point, double bottom, double bytes)
{
    static const wchar_t lower[] = {L' ', L'▁', L'▂', L'▃', L'▄', L'▅', L'▆', L'▇', L'█'};
    int counts[TOP_GROUPS + 1] = {0}, first = group_at(point, bottom + bytes / (2 * EIGHTHS)), second = first;
    for (int i = 0; i < EIGHTHS; i++)
        counts[group_at(point, bottom + (i + 0.5) * bytes / EIGHTHS)]++;
    for (int group = 0, most = 0; group <= TOP_GROUPS; group++)
        if (group != first && counts[group] > most) {
            second = group;
            most = counts[group];
        }
    if (first == TOP_GROUPS)
        return (struct canvas_cell){.character = L' '};
    return (struct canvas_cell){.character = lower[counts[first]],
                                .ink = (unsigned char)ink_of(first),
                                .paper = (unsigned char)(second == first ? INK_NONE : ink_of(second))};
}

static struct canvas_cell cell_of(const struct top *top, const struct top_point *point, double bottom,
                                  double bytes)
{
    if (top->colours && !top->ascii)
        return cell_of_eighths(point, bottom, bytes);
    int group = group_at(point, bottom + bytes / 2);
    if (group == TOP_GROUPS)
        return (struct canvas_cell){.character = L' '};
    return (struct canvas_cell){.character = top->ascii ? looks[group].ascii : looks[group].block,
                                .ink = (unsigned char)(top->colours ? looks[group].ink : INK_NONE)};
}

/* The next quarter between two powers of two that is at least this; 64 KiB or more. */
static double scale_for(double most)
{
    double power = 65536;
    while (power < most)
        power *= 2;
    double quarter = power / 8;
    return power > 65536 ? ceil(most / quarter) * quarter : power;
}

static const struct top_point *point_before(const struct top *top, size_t back)
{
    return &top->history[(top->history_count - 1 - back) % TOP_HISTORY];
}

void graph_draw(const struct top *top, struct canvas *canvas, int row, int rows)
{
    size_t looks_kept = top->history_count < TOP_HISTORY ? top->history_count : TOP_HISTORY;
    int columns = canvas->columns - SCALE_COLUMNS;
    char number[NUMBER_BYTES];
    double most = 0;
    if (rows <= 0 || columns <= 0)
        return;
    if (looks_kept > (size_t)columns)
        looks_kept = (size_t)columns;
    for (size_t back = 0; back < looks_kept; back++)
        most = fmax(most, (double)sum_of(point_before(top, back)));
    double scale = scale_for(most), bytes = scale / rows;
    for (int line = 0; line < rows; line++) {
        double bottom = (rows - 1 - line) * bytes;
        if (line == 0 || line == rows / 2 || line == rows - 1)
            canvas_print(canvas, row + line, 0, STYLE_DIM, "%9s",
                         line == rows - 1 ? "0" : number_bytes(bottom + bytes, number));
        for (size_t back = 0; back < looks_kept; back++)
            canvas_put(canvas, row + line, canvas->columns - 1 - (int)back,
                       cell_of(top, point_before(top, back), bottom, bytes));
    }
}
