/* html.h - the frame and the drawings of a report page: HTML and SVG, as text.
 *
 * A page is one file without scripts and without anything to load. Drawings have percent coordinates
 * or a stretched view box, so they fit any width while their labels, which are HTML, keep their size.
 */
#ifndef HAKMEM_TOOL_HTML_H
#define HAKMEM_TOOL_HTML_H

#include "curve.h"
#include "text.h"

#include <stdbool.h>
#include <stddef.h>

/* Adds text with what HTML would take for markup replaced. */
void html_add_escaped(struct text *page, const char *text);

void html_begin(struct text *page, const char *title, const char *lead);
void html_end(struct text *page);

struct html_bar {
    const char *label;
    double value;           /* the bar's length; NAN: none, and `note` says why */
    double low, high;       /* whisker; NAN: none */
    const char *value_text; /* "98.3M" */
    const char *note;       /* "1.04×", or "failed" */
    bool ours;
    bool best;
};

/* A card of horizontal bars from 0, with a line at `reference` (NAN: none). */
void html_add_bars(struct text *page, const char *title, const char *about, const struct html_bar *bars,
                   size_t count, double reference);

struct html_line {
    const char *label;
    const struct curve *curve;
    bool ours;
};

/* Memory over time, one line for each allocator, with a legend. */
void html_add_curves(struct text *page, const struct html_line *lines, size_t count);

#endif
