/* curve.h - memory over time: at most CURVE_POINTS points, spread evenly however long the run is. */
#ifndef HAKMEM_TOOL_CURVE_H
#define HAKMEM_TOOL_CURVE_H

#include <stddef.h>

enum { CURVE_POINTS = 400 };

struct curve {
    size_t count;
    size_t stride;  /* every stride-th reading becomes a point; doubled when the points run out */
    size_t skipped; /* readings since the last point, below stride */
    struct {
        float seconds;
        float kib;
    } point[CURVE_POINTS];
};

void curve_start(struct curve *curve);
void curve_add(struct curve *curve, double seconds, double bytes);

/* Extends a plot's ranges so that the curve fits. */
void curve_extend(const struct curve *curve, double *seconds, double *kib);

#endif
