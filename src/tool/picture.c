/* picture.c - collects the shapes, and writes them as SVG: one path for each colour. */
#define _GNU_SOURCE 1

#include "picture.h"

#include "markup.h"
#include "report.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

void picture_add_rect(struct picture *picture, struct picture_rect rect)
{
    if (picture->rects == picture->rect_room) {
        picture->rect_room = picture->rect_room * 2 + 256;
        picture->rect = memory_resize(picture->rect, picture->rect_room, sizeof *picture->rect);
    }
    picture->rect[picture->rects++] = rect;
}

static void ascii_keep(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            *text = '?';
}

/* Whether the bytes survive as text: markup replaces what does not by a longer character. */
static bool is_text(const char *text)
{
    struct text escaped = {NULL, 0, 0};
    markup_add_xml(&escaped, text);
    bool clean = !escaped.data || !strstr(escaped.data, "\xEF\xBF\xBD");
    text_free(&escaped);
    return clean;
}

void picture_add_text(struct picture *picture, float x, float y, float size, bool bold, uint32_t colour,
                      const char *text)
{
    if (picture->texts == picture->text_room) {
        picture->text_room = picture->text_room * 2 + 32;
        picture->text = memory_resize(picture->text, picture->text_room, sizeof *picture->text);
    }
    char *copy = text_copy(text);
    if (!is_text(copy))
        ascii_keep(copy);
    picture->text[picture->texts++] = (struct picture_text){x, y, size, bold, colour, copy};
}

void picture_free(struct picture *picture)
{
    for (size_t i = 0; i < picture->texts; i++)
        free(picture->text[i].text);
    free(picture->text);
    free(picture->rect);
    free(picture->title);
    *picture = (struct picture){.rects = 0};
}

static int compare_colour(const void *a, const void *b)
{
    uint32_t x = ((const struct picture_rect *)a)->colour, y = ((const struct picture_rect *)b)->colour;
    return (x > y) - (x < y);
}

static void rects_add(struct text *svg, const struct picture *picture)
{
    struct picture_rect *sorted = memory_resize(NULL, picture->rects, sizeof *sorted);
    if (picture->rects)
        memcpy(sorted, picture->rect, picture->rects * sizeof *sorted);
    qsort(sorted, picture->rects, sizeof *sorted, compare_colour);
    for (size_t i = 0; i < picture->rects; i++) {
        const struct picture_rect *rect = &sorted[i];
        if (i == 0 || rect->colour != rect[-1].colour)
            text_add(svg, "%s<path fill=\"#%06x\" d=\"", i ? "\"/>\n" : "", (unsigned)rect->colour);
        text_add(svg, "M%.5g %.5gh%.4gv%.4gh-%.4gz", (double)rect->x, (double)rect->y, (double)rect->width,
                 (double)rect->height, (double)rect->width);
    }
    if (picture->rects)
        text_add(svg, "\"/>\n");
    free(sorted);
}

static void text_element_add(struct text *svg, const struct picture_text *text)
{
    text_add(svg, "<text x=\"%.5g\" y=\"%.5g\" font-size=\"%.3g\" fill=\"#%06x\"%s>", (double)text->x,
             (double)text->y, (double)text->size, (unsigned)text->colour,
             text->bold ? " font-weight=\"700\"" : "");
    markup_add_xml(svg, text->text);
    text_add(svg, "</text>\n");
}

bool picture_write_svg(const struct picture *picture, const char *path)
{
    struct text svg = {NULL, 0, 0};
    text_add(
        &svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.6g\" height=\"%.6g\" viewBox=\"0 0 %.6g %.6g\" "
        "role=\"img\" font-family=\"sans-serif\" shape-rendering=\"crispEdges\">\n<title>",
        (double)picture->width, (double)picture->height, (double)picture->width, (double)picture->height);
    markup_add_xml(&svg, picture->title);
    text_add(&svg, "</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n");
    rects_add(&svg, picture);
    for (size_t i = 0; i < picture->texts; i++)
        text_element_add(&svg, &picture->text[i]);
    text_add(&svg, "</svg>\n");
    return report_write_text(&svg, path);
}
