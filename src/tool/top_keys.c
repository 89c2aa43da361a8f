/* top_keys.c - what a key does in `hakmem top`. */
#include "top.h"

enum { KEY_ESCAPE = 27, PAGE_ROWS = 10 };

static void show_table(struct top *top, enum top_table_name table)
{
    top->table = table;
    top->scroll = 0;
    top->help = false;
}

static void sort_by_next(struct top *top, bool backwards)
{
    size_t columns = top->look.tables[top->table].column_count + 1;
    top->sort[top->table] = (top->sort[top->table] + (backwards ? columns - 1 : 1)) % columns;
    top_table_sort(top, top->table);
}

static void reverse(struct top *top)
{
    top->ascending[top->table] = !top->ascending[top->table];
    top_table_sort(top, top->table);
}

/* Through 0.1, 0.2, 0.5, 1, 2, 5 … 60 seconds. */
static void change_interval(struct top *top, bool longer)
{
    static const double steps[] = {0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60};
    enum { STEPS = sizeof steps / sizeof steps[0] };
    if (longer) {
        for (int i = 0; i < STEPS; i++)
            if (steps[i] > top->interval_s * 1.001) {
                top->interval_s = steps[i];
                return;
            }
    } else {
        for (int i = STEPS - 1; i >= 0; i--)
            if (steps[i] < top->interval_s * 0.999) {
                top->interval_s = steps[i];
                return;
            }
    }
}

bool top_press(struct top *top, int key)
{
    switch (key) {
    case 'q':
    case 'Q':
    case KEY_ESCAPE: return false;
    case 'c': show_table(top, TABLE_CLASSES); break;
    case 't': show_table(top, TABLE_THREADS); break;
    case 'm': show_table(top, TABLE_PARTS); break;
    case '\t': show_table(top, (enum top_table_name)((top->table + 1) % TOP_TABLES)); break;
    case 's':
    case '>':
    case TOP_KEY_RIGHT: sort_by_next(top, false); break;
    case 'S':
    case '<':
    case TOP_KEY_LEFT: sort_by_next(top, true); break;
    case 'r': reverse(top); break;
    case 'p':
    case ' ': top->paused = !top->paused && top_is_live(top); break;
    case '+': change_interval(top, true); break;
    case '-': change_interval(top, false); break;
    case '?':
    case 'h': top->help = !top->help; break;
    case 'k':
    case TOP_KEY_UP: top->scroll--; break;
    case 'j':
    case TOP_KEY_DOWN: top->scroll++; break;
    case TOP_KEY_PAGE_UP: top->scroll -= PAGE_ROWS; break;
    case TOP_KEY_PAGE_DOWN: top->scroll += PAGE_ROWS; break;
    case 'g': top->scroll = 0; break;
    default: break;
    }
    return true;
}
