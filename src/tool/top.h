/* top.h - what `hakmem top` knows: looks at a process, its past, and what is shown of them.
 *
 *     top.c         the command: options, the loop, plain text
 *     top_look.c    a look at the process, and what changed since the one before
 *     top_tables.c  its classes, threads and parts as tables, sorted
 *     top_draw.c    all of it on a canvas
 *     top_keys.c    what a key does
 *     top_screen.c  the canvas on a terminal (ncurses); top_screen_none.c where there is none */
#ifndef HAKMEM_TOOL_TOP_H
#define HAKMEM_TOOL_TOP_H

#include "canvas.h"
#include "reader/parts.h"
#include "text.h"

enum {
    TOP_HISTORY = 2048, /* looks that the graph can show */
    TOP_VALUES = 8,
    TOP_LABEL_BYTES = 48,
    TOP_NOTE_BYTES = READER_ERROR_BYTES,
};

/* What the graph stacks, from below. */
enum top_group {
    GROUP_LIVE,
    GROUP_FREE,     /* in slabs that hold something */
    GROUP_CACHED,   /* FastCaches, magazines, depot, cached runs */
    GROUP_RETAINED, /* the LRU, free units, surplus of huge pages */
    GROUP_METADATA,
    GROUP_OTHER, /* not HAKMEM's */
    TOP_GROUPS
};

struct top_point {
    uint64_t bytes[TOP_GROUPS];
};

/* ---- tables */

enum top_kind { TOP_COUNT, TOP_BYTES, TOP_PERCENT, TOP_PER_SECOND, TOP_BYTES_PER_SECOND };

struct top_column {
    const char *title;
    int width;
    enum top_kind kind;
};

/* The first column is the label, sorted by `key`. A value that is not a number is not known. */
struct top_row {
    double key;
    char label[TOP_LABEL_BYTES];
    double value[TOP_VALUES];
};

enum top_table_name { TABLE_CLASSES, TABLE_THREADS, TABLE_PARTS, TOP_TABLES };

struct top_table {
    const char *title; /* of the first column */
    int label_width;
    size_t column_count; /* but for the label */
    const struct top_column *columns;
    struct top_row *rows;
    size_t row_count;
};

/* ---- looks */

/* What is kept of the look before, to tell what changed. */
struct top_heap_counters {
    uint32_t number;
    uint64_t refill_blocks, flush_blocks, remote_frees;
};

struct top_counters {
    double at_s; /* monotonic; 0: there was no look before */
    struct hakmem_stats stats;
    uint64_t fastcache_blocks;
    uint64_t class_live_bytes[READER_CLASSES], part_bytes[READER_PARTS];
    size_t heap_count;
    struct top_heap_counters *heaps;
};

/* Changes a second between the last two looks; NAN where there was no look before. */
struct top_rates {
    bool counted; /* by the gate (HAKMEM_FRONT_STATS=1); else mallocs and frees are lower bounds */
    double mallocs, frees, remote_frees, system_calls, lru_uses;
    double malloc_hits, free_hits, lru_hits; /* shares of 1; malloc_hits is a lower bound, if not counted;
                                                NAN: not known */
};

struct top_look {
    char program[READER_NAME_BYTES], library[16];
    enum reader_source_kind source;
    int pid;
    bool stopped, exact;
    uint64_t taken_ms, read_us, rss_bytes, sum_bytes, part_bytes[READER_PARTS];
    size_t threads, heaps;
    struct top_point point;
    struct top_rates rates;
    struct top_counters counters;
    struct top_table tables[TOP_TABLES];
};

struct top {
    const char *target;
    struct reader *reader;
    int process_file; /* that becomes readable when the process ends; -1: there is none */
    double interval_s;
    struct top_look look;
    struct top_point history[TOP_HISTORY]; /* a ring */
    size_t history_count;                  /* points ever put into it */

    bool ascii, colours; /* how to draw */
    bool paused, ended, help;
    char note[TOP_NOTE_BYTES]; /* that there is something wrong, or ended; "" */
    enum top_table_name table; /* shown */
    size_t sort[TOP_TABLES];   /* column: 0 is the label */
    bool ascending[TOP_TABLES];
    int scroll;
};

/* Looks at the process. False, with `note` saying why, when it cannot be read or has ended; the last look
 * stays. */
bool top_look(struct top *top);
void top_look_free(struct top_look *look);

/* Whether the process has ended, or does within so many milliseconds. */
bool top_process_has_ended(const struct top *top, int wait_ms);

/* Fills the tables of a look; `before` is the look before. */
void top_tables_fill(struct top_look *look, const struct reader_snapshot *snapshot,
                     const struct reader_parts *parts, const struct top_counters *before);

/* Sorts the rows of a table, as top->sort says; and what it says at first. */
void top_table_sort(struct top *top, enum top_table_name name);
void top_table_set_orders(struct top *top);

/* Draws everything into a canvas that is as large as the screen. */
void top_draw(struct top *top, struct canvas *canvas);

/* Draws the same without graph and help, as long as is needed. */
void top_draw_plain(struct top *top, struct canvas *canvas);

/* What a key does; false: it ends the command. `key` is a character or one of these. */
enum top_key {
    TOP_KEY_UP = 0x110000,
    TOP_KEY_DOWN,
    TOP_KEY_PAGE_UP,
    TOP_KEY_PAGE_DOWN,
    TOP_KEY_LEFT,
    TOP_KEY_RIGHT
};
bool top_press(struct top *top, int key);

/* Whether the process is to be looked at again and again. */
bool top_is_live(const struct top *top);

/* Seconds to wait between looks: reading never takes more than a fifth of the time. */
double top_pause_s(const struct top *top);

/* Monotonic time in seconds. */
double top_clock_s(void);

/* Shows it until the user or `count` looks (0: no end to them) end it. False, having shown nothing, when
 * there is no screen to be had: plain text is then the way. */
bool top_screen(struct top *top, unsigned long long count);

#endif
