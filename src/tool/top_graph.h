/* top_graph.h - the resident memory's parts over time, stacked, a column for each look. */
#ifndef HAKMEM_TOOL_TOP_GRAPH_H
#define HAKMEM_TOOL_TOP_GRAPH_H

#include "top.h"

/* The newest looks at the right, in rows [row, row + rows). */
void graph_draw(const struct top *top, struct canvas *canvas, int row, int rows);

/* What stands for a group in the graph. */
void graph_draw_key(struct canvas *canvas, int row, int column, enum top_group group, bool colours);

#endif
