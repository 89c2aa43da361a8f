/* html.h - the frame and the drawings of a report page: HTML and SVG, as text.
 *
 * A page is one file without scripts and without anything to load. Drawings have percent coordinates
 * or a stretched view box, so they fit any width while their labels, which are HTML, keep their size.
 */
#ifndef HAKMEM_TOOL_HTML_H
#define HAKMEM_TOOL_HTML_H

#include "bars.h"
#include "curve.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>

void html_begin(struct text *page, const char *title, const char *lead);
void html_end(struct text *page);

/* A card of horizontal bars from 0, with a line at the best value. */
void html_add_bars(struct text *page, const char *title, const char *about, const struct bars *bars);

struct html_line {
    const char *label;
    const struct curve *curve;
    bool ours;
};

struct html_plot {
    const char *title; /* NULL: none, and no `about` */
    const char *about;
    struct html_line *line;
    size_t lines;
};

/* Memory over time, one line for each allocator, with a legend. */
void html_add_curves(struct text *page, const struct html_plot *plot);

#endif
