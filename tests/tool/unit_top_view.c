/* unit_top_view.c - what `hakmem top` draws, at any size, and what its keys do. */
#include "top.h"

#include "top_graph.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 30, HEAPS = 3, MOST_ROWS = 45, MOST_COLUMNS = 130 };

static const struct top_column columns[] = {{"blocks", 9, TOP_COUNT}, {"live", 10, TOP_BYTES}};

static struct top top;

static void fill_table(struct top_table *table)
{
    *table = (struct top_table){"class", 8, 2, columns, memory_resize(NULL, ROWS, sizeof *table->rows), ROWS};
    for (int i = 0; i < ROWS; i++) {
        struct top_row *row = &table->rows[i];
        *row = (struct top_row){.key = i,
                                .value = {(double)(i * 7 % ROWS), i % 5 ? 1024.0 * i : (double)NAN}};
        snprintf(row->label, sizeof row->label, "row %d", i);
    }
}

static int setup(void **state)
{
    (void)state;
    setlocale(LC_CTYPE, "C.UTF-8");
    top = (struct top){.target = "1", .process_file = -1, .interval_s = 1};
    snprintf(top.look.program, sizeof top.look.program, "a \033[1m program of 日本 \xff");
    top.look.pid = 4711;
    top.look.rss_bytes = top.look.sum_bytes = 21 << 20;
    for (int group = 0; group < TOP_GROUPS; group++)
        top.look.point.bytes[group] = (uint64_t)(group + 1) << 20;
    for (int i = 0; i < 3000; i++)
        top.history[top.history_count++ % TOP_HISTORY] = top.look.point;
    for (int table = 0; table < TOP_TABLES; table++)
        fill_table(&top.look.tables[table]);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    top_look_free(&top.look);
    return 0;
}

/* A row of the canvas as ASCII; other characters as '~'. */
static const char *row_text(const struct canvas *canvas, int row)
{
    static char text[MOST_COLUMNS + 1];
    for (int column = 0; column < canvas->columns; column++) {
        wchar_t character = canvas->cells[row * canvas->columns + column].character;
        text[column] = character < 0x7f ? (char)character : '~';
    }
    text[canvas->columns] = '\0';
    return text;
}

static bool shows(const struct canvas *canvas, const char *text)
{
    for (int row = 0; row < canvas->rows; row++)
        if (strstr(row_text(canvas, row), text))
            return true;
    return false;
}

static void draws_at_any_size(void **state)
{
    (void)state;
    for (int how = 0; how < 8; how++) {
        top.ascii = how & 1;
        top.colours = how & 2;
        top.help = how & 4;
        for (int rows = 0; rows < MOST_ROWS; rows++)
            for (int width = 0; width < MOST_COLUMNS; width += 1 + width / 9) {
                struct canvas canvas = {0};
                canvas_open(&canvas, rows, width);
                top_draw(&top, &canvas);
                if (rows > 1 && width > 10)
                    assert_non_null(strstr(row_text(&canvas, rows - 1), "q quit"));
                canvas_close(&canvas);
            }
    }
}

static void no_control_character_is_drawn(void **state)
{
    struct canvas canvas = {0};
    (void)state;
    canvas_open(&canvas, 24, 80);
    top_draw(&top, &canvas);
    for (int i = 0; i < 24 * 80; i++)
        assert_true(canvas.cells[i].character == 0 || canvas.cells[i].character >= L' ');
    assert_true(shows(&canvas, "a ?[1m program of ~"));
    canvas_close(&canvas);
}

static void ascii_is_ascii(void **state)
{
    struct canvas canvas = {0};
    (void)state;
    top.ascii = true;
    canvas_open(&canvas, 40, 120);
    top_draw(&top, &canvas);
    for (int i = 0; i < 40 * 120; i++)
        assert_true(canvas.cells[i].character <= 0x7e);
    canvas_close(&canvas);
}

/* In a canvas of 21 rows for 21 MiB, each group takes its share of each column. */
static void graph_shows_each_part(void **state)
{
    static const char signs[TOP_GROUPS] = "#%+om.";
    int counts[TOP_GROUPS] = {0};
    struct canvas canvas = {0};
    (void)state;
    top.ascii = true;
    canvas_open(&canvas, 24, 40);
    canvas.ascii = true;
    graph_draw(&top, &canvas, 0, 24); /* 24 MiB high: a row for each */
    for (int row = 0; row < 24; row++)
        for (int group = 0; group < TOP_GROUPS; group++)
            counts[group] += canvas.cells[row * 40 + 39].character == (wchar_t)signs[group];
    for (int group = 0; group < TOP_GROUPS; group++)
        assert_int_equal(counts[group], group + 1);
    canvas_close(&canvas);
}

static void scrolling_stops_at_the_ends(void **state)
{
    struct canvas canvas = {0};
    (void)state;
    canvas_open(&canvas, 24, 80);
    for (int i = 0; i < 100; i++)
        top_press(&top, TOP_KEY_DOWN);
    top_draw(&top, &canvas);
    assert_true(top.scroll > 0 && top.scroll < ROWS);
    assert_true(shows(&canvas, "row 29"));
    for (int i = 0; i < 100; i++)
        top_press(&top, TOP_KEY_PAGE_UP);
    canvas_open(&canvas, 24, 80);
    top_draw(&top, &canvas);
    assert_int_equal(top.scroll, 0);
    assert_true(shows(&canvas, "row 0"));
    canvas_close(&canvas);
}

static void sorts_by_each_column(void **state)
{
    struct top_row *rows = top.look.tables[TABLE_CLASSES].rows;
    (void)state;
    top_press(&top, 's');
    assert_int_equal(top.sort[TABLE_CLASSES], 1);
    for (int i = 1; i < ROWS; i++)
        assert_true(rows[i - 1].value[0] >= rows[i].value[0]);
    top_press(&top, 'r');
    for (int i = 1; i < ROWS; i++)
        assert_true(rows[i - 1].value[0] <= rows[i].value[0]);
    top_press(&top, 'S');
    assert_int_equal(top.sort[TABLE_CLASSES], 0);
    top_press(&top, 'S');
    assert_int_equal(top.sort[TABLE_CLASSES], 2);
}

static void what_is_not_known_comes_last(void **state)
{
    struct top_row *rows = top.look.tables[TABLE_CLASSES].rows;
    (void)state;
    top_press(&top, 's');
    top_press(&top, 's');
    for (int ascending = 0; ascending < 2; ascending++) {
        for (int i = 0; i < ROWS; i++)
            assert_int_equal(isnan(rows[i].value[1]) != 0, i >= ROWS - ROWS / 5);
        top_press(&top, 'r');
    }
}

static void keys_do_what_the_help_says(void **state)
{
    (void)state;
    assert_false(top_press(&top, 'q'));
    assert_false(top_press(&top, 27));
    assert_true(top_press(&top, 't'));
    assert_int_equal(top.table, TABLE_THREADS);
    top_press(&top, '\t');
    assert_int_equal(top.table, TABLE_PARTS);
    top_press(&top, '\t');
    assert_int_equal(top.table, TABLE_CLASSES);
    top_press(&top, 'p');
    assert_true(top.paused);
    top_press(&top, ' ');
    assert_false(top.paused);
    top_press(&top, '?');
    assert_true(top.help);
    top_press(&top, 'c');
    assert_false(top.help);
    assert_true(top_press(&top, 'x'));
}

static void interval_has_bounds(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++)
        top_press(&top, '+');
    assert_true(top.interval_s > 59 && top.interval_s < 61);
    for (int i = 0; i < 20; i++)
        top_press(&top, '-');
    assert_true(top.interval_s > 0.09 && top.interval_s < 0.11);
}

static void slow_reading_is_done_less_often(void **state)
{
    (void)state;
    top.look.read_us = 2000000;
    assert_true(top_pause_s(&top) >= 8);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(draws_at_any_size),
        TEST(no_control_character_is_drawn),
        TEST(ascii_is_ascii),
        TEST(graph_shows_each_part),
        TEST(scrolling_stops_at_the_ends),
        TEST(sorts_by_each_column),
        TEST(what_is_not_known_comes_last),
        TEST(keys_do_what_the_help_says),
        TEST(interval_has_bounds),
        TEST(slow_reading_is_done_less_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
