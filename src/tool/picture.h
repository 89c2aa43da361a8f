/* picture.h - a picture of rectangles and lines of text on a light ground, written as SVG or PNG.
 *
 * Lengths are pixels of the SVG; a PNG has PICTURE_SCALE pixels for each. Colours are 0xRRGGBB. */
#ifndef HAKMEM_TOOL_PICTURE_H
#define HAKMEM_TOOL_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PICTURE_SCALE = 2 };

struct picture_rect {
    float x, y, width, height;
    uint32_t colour;
};

struct picture_text {
    float x, y; /* of its baseline's start */
    float size;
    bool bold;
    uint32_t colour;
    char *text; /* UTF-8 */
};

struct picture {
    char *title;
    float width, height;
    struct picture_rect *rect;
    size_t rects, rect_room;
    struct picture_text *text;
    size_t texts, text_room;
};

void picture_add_rect(struct picture *picture, struct picture_rect rect);

/* Copies the text; what is no UTF-8 in it becomes '?'. */
void picture_add_text(struct picture *picture, float x, float y, float size, bool bold, uint32_t colour,
                      const char *text);
void picture_free(struct picture *picture);

/* Both: false, having said why, when the file cannot be written. */
bool picture_write_svg(const struct picture *picture, const char *path);
bool picture_write_png(const struct picture *picture, const char *path);

#endif
