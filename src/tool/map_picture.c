/* map_picture.c - lays out the picture: title, figures, map, legend.
 *
 * As on the page, a SuperSlab is a tile of two columns of slabs, and a row's 16 cells are its pages. Of a
 * larger heap each slab, each SuperSlab or several together are one rectangle. */
#include "map_picture.h"

#include "map_colour.h"
#include "map_page.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INK = 0x1b2130, SOFT = 0x5b6474 };
enum { TILES_OF_PAGES = 96, TILES_OF_UNITS = 1600, TILES_MOST = 20000 };
static const float WIDTH = 960, MARGIN = 28, LINE = 19, MAP_HEIGHT = 560;
static const float COLUMN_GAP = 1, TILE_GAP = 2, CELL_MOST = 11, CELL_GAP_FROM = 3, CELL_GAP = 0.5f;
static const unsigned COLUMNS = 2;

struct layout {
    float x, y, cell;            /* the map's corner, pixels a page */
    size_t across, tiles, group; /* SuperSlabs in one tile: 1 but for the largest heaps */
    unsigned rows;
};

static float tile_width(void)
{
    return (float)(COLUMNS * MAP_UNIT_PAGES) + COLUMN_GAP + TILE_GAP;
}

/* Large cells end at pixels of a PNG, which has two for each of the SVG. */
static float cell_snap(float cell)
{
    return cell > CELL_GAP_FROM ? floorf(cell * PICTURE_SCALE) / PICTURE_SCALE : cell;
}

/* As many tiles in a row as make the cells largest. */
static void layout_make(struct layout *layout, const struct map_cells *cells, unsigned superslab_units)
{
    size_t superslabs = (cells->units + superslab_units - 1) / superslab_units;
    layout->group = superslabs / TILES_MOST + 1;
    layout->tiles = (superslabs + layout->group - 1) / layout->group;
    layout->rows = (superslab_units + COLUMNS - 1) / COLUMNS;
    layout->cell = 0;
    layout->across = 1;
    for (size_t across = 1; across <= layout->tiles; across++) {
        size_t down = (layout->tiles + across - 1) / across;
        float cell = fminf((WIDTH - 2 * MARGIN) / ((float)across * tile_width()),
                           MAP_HEIGHT / ((float)down * ((float)layout->rows + TILE_GAP)));
        if (cell > layout->cell) {
            layout->cell = fminf(cell, CELL_MOST);
            layout->across = across;
        }
    }
    layout->cell = cell_snap(layout->cell);
}

static float map_height(const struct layout *layout)
{
    size_t down = (layout->tiles + layout->across - 1) / layout->across;
    return (float)down * ((float)layout->rows + TILE_GAP) * layout->cell;
}

static struct picture_rect tile_place(const struct layout *layout, size_t tile)
{
    struct picture_rect rect = {.width = (tile_width() - TILE_GAP) * layout->cell,
                                .height = (float)layout->rows * layout->cell};
    rect.x = layout->x + (float)(tile % layout->across) * tile_width() * layout->cell;
    rect.y = layout->y + (float)(tile / layout->across) * ((float)layout->rows + TILE_GAP) * layout->cell;
    return rect;
}

/* A row of pages; those of one colour in a row are one rectangle. */
static void row_draw(struct picture *picture, const struct layout *layout, const struct map_colours *colours,
                     size_t unit, struct picture_rect rect)
{
    float start = rect.x;
    for (unsigned page = 0, from = 0; page < MAP_UNIT_PAGES; page++) {
        uint32_t colour = map_colour_page(colours, unit, page);
        if (page + 1 < MAP_UNIT_PAGES && map_colour_page(colours, unit, page + 1) == colour)
            continue;
        rect.x = start + (float)from * layout->cell;
        rect.width = (float)(page + 1 - from) * layout->cell;
        rect.colour = colour;
        picture_add_rect(picture, rect);
        from = page + 1;
    }
}

static void units_draw(struct picture *picture, const struct layout *layout,
                       const struct map_colours *colours, size_t tile)
{
    struct picture_rect place = tile_place(layout, tile);
    size_t first = tile * layout->rows * COLUMNS;
    for (size_t i = 0; i < (size_t)layout->rows * COLUMNS && first + i < colours->cells->units; i++) {
        struct picture_rect rect = place;
        if (colours->cells->cell[first + i].kind == MAP_NONE)
            continue;
        rect.x += (float)(i / layout->rows) * (MAP_UNIT_PAGES + COLUMN_GAP) * layout->cell;
        rect.y += (float)(i % layout->rows) * layout->cell;
        rect.width = MAP_UNIT_PAGES * layout->cell;
        rect.height = layout->cell - (layout->cell > CELL_GAP_FROM ? CELL_GAP : 0);
        rect.colour = map_colour_unit(colours, first + i);
        if (layout->tiles <= TILES_OF_PAGES)
            row_draw(picture, layout, colours, first + i, rect);
        else
            picture_add_rect(picture, rect);
    }
}

static void map_draw(struct picture *picture, const struct layout *layout, const struct map_colours *colours)
{
    size_t units = (size_t)layout->rows * COLUMNS * layout->group;
    for (size_t tile = 0; tile < layout->tiles; tile++) {
        struct picture_rect rect = tile_place(layout, tile);
        if (layout->group == 1 && layout->tiles <= TILES_OF_UNITS) {
            units_draw(picture, layout, colours, tile);
            continue;
        }
        rect.colour = map_colour_units(colours, tile * units, units);
        picture_add_rect(picture, rect);
    }
}

/* A swatch and its text; where the next one goes. */
static float legend_entry(struct picture *picture, float x, float y, uint32_t colour, const char *text)
{
    picture_add_rect(picture, (struct picture_rect){x, y - 10, 11, 11, colour});
    picture_add_text(picture, x + 16, y, 12, false, INK, text);
    return x + 16 + 6.7f * (float)strlen(text) + 14;
}

static float legend_scale(struct picture *picture, float x, float y, enum map_by by, const char *from,
                          const char *to)
{
    picture_add_text(picture, x, y, 12, false, INK, from);
    x += 6.7f * (float)strlen(from) + 4;
    for (int i = 0; i < 32; i++)
        picture_add_rect(
            picture, (struct picture_rect){x + 4 * (float)i, y - 10, 4, 11, map_colour_scale(by, i / 31.0)});
    picture_add_text(picture, x + 134, y, 12, false, INK, to);
    return x + 134 + 6.7f * (float)strlen(to) + 14;
}

static void legend_draw(struct picture *picture, enum map_by by, float y)
{
    float x = MARGIN;
    switch (by) {
    case MAP_BY_OCCUPANCY: x = legend_scale(picture, x, y, by, "page empty, but in RAM", "full"); break;
    case MAP_BY_CLASS: x = legend_scale(picture, x, y, by, "blocks of 16 B", "32 KiB"); break;
    case MAP_BY_OWNER:
        picture_add_text(picture, x, y, 12, false, INK, "a colour for each thread");
        x += 172;
        break;
    case MAP_BY_AGE:
        x = legend_scale(picture, x, y, by, "changed just now", "long ago");
        x = legend_entry(picture, x, y, MAP_COLOUR_UNCHANGED, "not while recorded");
    }
    if (by == MAP_BY_CLASS || by == MAP_BY_OWNER) {
        x = legend_entry(picture, x, y, MAP_COLOUR_RUN, "run");
        x = legend_entry(picture, x, y, MAP_COLOUR_HUGE, "huge");
    }
    x = legend_entry(picture, x, y, MAP_COLOUR_KEPT, "free, kept in RAM");
    legend_entry(picture, x, y, MAP_COLOUR_COLD, "not in RAM");
}

/* Resident memory as one bar, and its parts by name. */
static float totals_draw(struct picture *picture, const struct map_totals *totals, float y)
{
    const struct {
        const char *name;
        uint64_t bytes;
        uint32_t colour;
    } part[] = {
        {"live", totals->live_bytes, MAP_COLOUR_LIVE},
        {"free in slabs", totals->free_bytes, MAP_COLOUR_FREE},
        {"cached", totals->cached_bytes, MAP_COLOUR_CACHED},
        {"kept", totals->kept_bytes, MAP_COLOUR_KEPT},
        {"metadata", totals->metadata_bytes, MAP_COLOUR_METADATA},
        {"not HAKMEM's", totals->other_bytes, MAP_COLOUR_OTHER},
    };
    float x = MARGIN, name_x = MARGIN, width = WIDTH - 2 * MARGIN;
    double sum = 0;
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
        sum += (double)part[i].bytes;
    for (size_t i = 0; i < sizeof part / sizeof part[0]; i++) {
        char number[NUMBER_BYTES], text[64];
        float length = sum > 0 ? (float)((double)part[i].bytes / sum) * width : 0;
        picture_add_rect(picture, (struct picture_rect){x, y, length, 12, part[i].colour});
        x += length;
        snprintf(text, sizeof text, "%s %s", part[i].name, number_bytes((double)part[i].bytes, number));
        name_x = legend_entry(picture, name_x, y + 30, part[i].colour, text);
    }
    return y + 30;
}

static float head_draw(struct picture *picture, const struct reader_snapshot *snapshot,
                       const struct map_totals *totals)
{
    char line[200], rss[NUMBER_BYTES] = "unknown";
    if (totals->rss_bytes)
        number_bytes((double)totals->rss_bytes, rss);
    picture_add_text(picture, MARGIN, 42, 20, true, INK, picture->title);
    snprintf(
        line, sizeof line, "%s %d \xC2\xB7 RSS %s \xC2\xB7 HAKMEM %s \xC2\xB7 %llu SuperSlabs from 0x%llx",
        snapshot->source == READER_CORE ? "core file of process" : "process", snapshot->pid, rss,
        snapshot->library, (unsigned long long)snapshot->superslab_count, (unsigned long long)snapshot->base);
    picture_add_text(picture, MARGIN, 42 + LINE, 12, false, SOFT, line);
    return totals_draw(picture, totals, 42 + 2 * LINE);
}

/* Where in the recording each unit last changed. The caller frees it. */
static double *ages_make(const struct map_recording *recording)
{
    double *age = memory_resize(NULL, recording->last.units, sizeof *age);
    double end = (double)recording->frame[recording->frames - 1].at_ms;
    for (size_t unit = 0; unit < recording->last.units; unit++)
        age[unit] = -1;
    size_t change = 0;
    for (size_t i = 1; i < recording->frames; i++)
        for (size_t j = 0; j < recording->frame[i].changes; j++, change++)
            if (recording->change_unit[change] < recording->last.units)
                age[recording->change_unit[change]] = (end - (double)recording->frame[i].at_ms) /
                                                      fmax(1, end);
    return age;
}

static enum map_by by_of(const char *by)
{
    return strcmp(by, "class") == 0   ? MAP_BY_CLASS
           : strcmp(by, "owner") == 0 ? MAP_BY_OWNER
           : strcmp(by, "age") == 0   ? MAP_BY_AGE
                                      : MAP_BY_OCCUPANCY;
}

void map_picture_draw(struct picture *picture, const struct map_recording *recording,
                      const struct reader_snapshot *snapshot, const char *by)
{
    struct map_colours colours = {by_of(by), &recording->last, snapshot, NULL};
    struct layout layout;
    picture->title = map_title(snapshot);
    picture->width = WIDTH;
    if (colours.by == MAP_BY_AGE)
        colours.age = ages_make(recording);
    layout_make(&layout, &recording->last, snapshot->superslab_units);
    layout.x = MARGIN;
    layout.y = head_draw(picture, snapshot, &recording->frame[recording->frames - 1].totals) + 22;
    map_draw(picture, &layout, &colours);
    float end = layout.y + map_height(&layout);
    legend_draw(picture, colours.by, end + 1.4f * LINE);
    picture->height = ceilf(end + 2.4f * LINE + 8);
    free(colours.age);
}
