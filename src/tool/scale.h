/* scale.h - round ends and steps of an axis. */
#ifndef HAKMEM_TOOL_SCALE_H
#define HAKMEM_TOOL_SCALE_H

/* A round number not below the value: 1, 2, 4, 5 or 8 times a power of ten, which four steps divide
 * well. */
double scale_round_up(double value);

/* The same in the unit that the axis shows, KiB or MiB. */
double scale_round_up_kib(double kib);

#endif
