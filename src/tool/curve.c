/* curve.c - a bounded series of readings: when it is full, every other point goes. */
#include "curve.h"

#include <math.h>

void curve_start(struct curve *curve)
{
    curve->count = 0;
    curve->stride = 1;
    curve->skipped = 0;
}

static void curve_thin(struct curve *curve)
{
    for (size_t i = 0; i < CURVE_POINTS / 2; i++)
        curve->point[i] = curve->point[2 * i];
    curve->count = CURVE_POINTS / 2;
    curve->stride *= 2;
}

void curve_add(struct curve *curve, double seconds, double bytes)
{
    if (++curve->skipped < curve->stride)
        return;
    curve->skipped = 0;
    if (curve->count == CURVE_POINTS)
        curve_thin(curve);
    curve->point[curve->count].seconds = (float)seconds;
    curve->point[curve->count].kib = (float)(bytes / 1024);
    curve->count++;
}

void curve_extend(const struct curve *curve, double *seconds, double *kib)
{
    for (size_t i = 0; i < curve->count; i++) {
        *seconds = fmax(*seconds, (double)curve->point[i].seconds);
        *kib = fmax(*kib, (double)curve->point[i].kib);
    }
}
