/* map_colour.h - the colours of the map's picture, 0xRRGGBB. */
#ifndef HAKMEM_TOOL_MAP_COLOUR_H
#define HAKMEM_TOOL_MAP_COLOUR_H

#include "map_recording.h"

enum map_by { MAP_BY_OCCUPANCY, MAP_BY_CLASS, MAP_BY_OWNER, MAP_BY_AGE };

enum {
    MAP_COLOUR_LIVE = 0x1d6fb8,
    MAP_COLOUR_FREE = 0xf08c3a,
    MAP_COLOUR_CACHED = 0xa06cd5,
    MAP_COLOUR_KEPT = 0x8a94a6,
    MAP_COLOUR_METADATA = 0x2f9e6e,
    MAP_COLOUR_OTHER = 0xc3cad6,
    MAP_COLOUR_COLD = 0xe4e7ec,
    MAP_COLOUR_RUN = 0x7d7767,
    MAP_COLOUR_HUGE = 0x4a463c,
    MAP_COLOUR_UNCHANGED = 0xccd1d9,
};

struct map_colours {
    enum map_by by;
    const struct map_cells *cells;
    const struct reader_snapshot *snapshot;
    double *age; /* of each unit, 0 just changed to 1 long ago; negative: it did not; NULL unless by age */
};

/* A point of the scale of this way to colour, 0 to 1. */
uint32_t map_colour_scale(enum map_by by, double part);

/* Of one page (sixteenth) of a unit, and the mean of several colours. */
uint32_t map_colour_page(const struct map_colours *colours, size_t unit, unsigned page);
uint32_t map_colour_unit(const struct map_colours *colours, size_t unit);
uint32_t map_colour_units(const struct map_colours *colours, size_t first, size_t count);

#endif
