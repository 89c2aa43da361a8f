/* map_colour.c - scales and means of colours. */
#include "map_colour.h"

#include <math.h>

static uint32_t rgb(double red, double green, double blue)
{
    return (uint32_t)lround(red) << 16 | (uint32_t)lround(green) << 8 | (uint32_t)lround(blue);
}

static uint32_t mix(uint32_t from, uint32_t to, double part)
{
    double channel[3];
    for (int i = 0; i < 3; i++) {
        double start = from >> (16 - 8 * i) & 255, end = to >> (16 - 8 * i) & 255;
        channel[i] = start + (end - start) * part;
    }
    return rgb(channel[0], channel[1], channel[2]);
}

/* Hue in turns; soft enough that text beside it stays the strongest. */
static uint32_t hue(double turns, double saturation, double value)
{
    double channel[3];
    for (int i = 0; i < 3; i++) {
        double k = fmod((5 - 2 * i) + turns * 6, 6);
        channel[i] = 255 * value * (1 - saturation * fmax(0, fmin(fmin(k, 4 - k), 1)));
    }
    return rgb(channel[0], channel[1], channel[2]);
}

uint32_t map_colour_scale(enum map_by by, double part)
{
    static const uint32_t empty = 0xf0822c, middle = 0xdfd8b6, full = 0x1b62ab;
    switch (by) {
    case MAP_BY_CLASS: return hue(0.03 + 0.8 * part, 0.6, 0.82);
    case MAP_BY_OWNER: return hue(fmod(0.6 + 0.381966 * part, 1), 0.58, 0.8);
    case MAP_BY_AGE: return mix(0x12923f, 0xb3cdea, part);
    default: return part < 0.5 ? mix(empty, middle, 2 * part) : mix(middle, full, 2 * part - 1);
    }
}

/* The unit where what this one belongs to begins. */
static size_t head_of(const struct map_cells *cells, size_t unit)
{
    enum map_kind kind = (enum map_kind)cells->cell[unit].kind;
    if (kind != MAP_SLAB_INNER && kind != MAP_RUN_INNER)
        return unit;
    while (unit > 0 && cells->cell[unit].kind == kind)
        unit--;
    return unit;
}

static uint32_t slab_colour(const struct map_colours *colours, const struct map_cell *cell, unsigned page)
{
    double live = (double)(cell->pages >> 4 * page & 15) / 15;
    if (colours->by == MAP_BY_OCCUPANCY)
        return map_colour_scale(MAP_BY_OCCUPANCY, live);
    double part = colours->by == MAP_BY_CLASS ? cell->size_class / (double)(READER_CLASSES - 1) : cell->heap;
    return mix(MAP_COLOUR_COLD, map_colour_scale(colours->by, part), 0.35 + 0.65 * live);
}

static uint32_t used_colour(const struct map_colours *colours, size_t unit, unsigned page)
{
    const struct map_cell *cell = &colours->cells->cell[unit];
    if (colours->by == MAP_BY_AGE) {
        double age = colours->age[head_of(colours->cells, unit)];
        return age < 0 ? MAP_COLOUR_UNCHANGED : map_colour_scale(MAP_BY_AGE, age);
    }
    if (cell->kind == MAP_SLAB || cell->kind == MAP_SLAB_INNER)
        return slab_colour(colours, cell, page);
    if (colours->by == MAP_BY_OCCUPANCY)
        return map_colour_scale(MAP_BY_OCCUPANCY, 1);
    return cell->kind == MAP_RUN || cell->kind == MAP_RUN_INNER ? MAP_COLOUR_RUN : MAP_COLOUR_HUGE;
}

uint32_t map_colour_page(const struct map_colours *colours, size_t unit, unsigned page)
{
    const struct map_cell *cell = &colours->cells->cell[unit];
    bool known = colours->snapshot->residency != READER_RESIDENCY_UNKNOWN;
    if (known && !(cell->resident >> page & 1))
        return MAP_COLOUR_COLD;
    switch (cell->kind) {
    case MAP_NONE:
    case MAP_COLD: return MAP_COLOUR_COLD;
    case MAP_DIRTY:
    case MAP_WARM:
    case MAP_RUN_CACHED:
    case MAP_BUSY: return MAP_COLOUR_KEPT;
    default: return used_colour(colours, unit, page);
    }
}

struct mean {
    double red, green, blue;
    size_t count;
    uint32_t first; /* colour, and */
    bool alike;     /* whether all were that */
};

static void mean_add(struct mean *mean, uint32_t colour)
{
    mean->red += colour >> 16 & 255;
    mean->green += colour >> 8 & 255;
    mean->blue += colour & 255;
    mean->first = mean->count ? mean->first : colour;
    mean->alike = mean->alike && colour == mean->first;
    mean->count++;
}

/* A mixed one with five bits for each channel: few enough colours that neighbours have the same. */
static uint32_t mean_colour(const struct mean *mean)
{
    if (mean->count == 0)
        return MAP_COLOUR_COLD;
    if (mean->alike)
        return mean->first;
    double count = (double)mean->count * 8;
    return rgb(fmin(255, 8 * round(mean->red / count)), fmin(255, 8 * round(mean->green / count)),
               fmin(255, 8 * round(mean->blue / count)));
}

uint32_t map_colour_unit(const struct map_colours *colours, size_t unit)
{
    return map_colour_units(colours, unit, 1);
}

uint32_t map_colour_units(const struct map_colours *colours, size_t first, size_t count)
{
    struct mean mean = {.alike = true};
    for (size_t unit = first; unit < first + count && unit < colours->cells->units; unit++)
        if (colours->cells->cell[unit].kind != MAP_NONE)
            for (unsigned page = 0; page < MAP_UNIT_PAGES; page++)
                mean_add(&mean, map_colour_page(colours, unit, page));
    return mean_colour(&mean);
}
