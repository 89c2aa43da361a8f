/* svg.h - a picture of bars or curves: one file that needs no page around it, on a light ground of its
 * own.
 *
 * It grows from top to bottom: lines of text, then panels. A panel has groups of bars in two columns,
 * all on one scale, and a line at 1; or it has plots in two columns.
 */
#ifndef HAKMEM_TOOL_SVG_H
#define HAKMEM_TOOL_SVG_H

#include "bars.h"
#include "curve.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>

struct svg {
    struct text body;
    int y; /* the lower edge of what was drawn */
};

struct svg_group {
    const char *title;
    const char *about; /* shown where the pointer rests */
    struct bars bars;  /* their ratios are drawn */
};

struct svg_panel {
    const char *title;
    const char *about;
    const struct svg_group *group;
    size_t groups;
    double limit; /* bars for more are cut off there, and show that they are */
};

struct svg_plot {
    const char *title;
    const char *about;          /* shown where the pointer rests */
    const struct curve **curve; /* by allocator, HAKMEM's the first */
};

/* Memory over time: plots in two columns, each with its own axes, and one legend for all. */
struct svg_plots {
    const char *title;
    const char *about;
    const struct svg_plot *plot;
    size_t plots;
    const char **label; /* by allocator */
    size_t labels;
};

void svg_begin(struct svg *svg, const char *title);

/* Small text, in as many lines as it takes. */
void svg_add_text(struct svg *svg, const char *text);

void svg_add_panel(struct svg *svg, const struct svg_panel *panel);

void svg_add_plots(struct svg *svg, const struct svg_plots *plots);

/* Writes the whole to `page` and frees the picture. */
void svg_end(struct svg *svg, const char *title, struct text *page);

#endif
