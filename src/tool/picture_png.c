/* picture_png.c - draws a picture with cairo.
 *
 * The library is loaded when a PNG is asked for, not linked: it brings fonts and a window system along,
 * and `hakmem run` is to start as fast as the program that it becomes. */
#include "picture.h"
#include "text.h"

#include <cairo.h>
#include <dlfcn.h>

static const char LIBRARY[] = "libcairo.so.2";

static struct {
    __typeof__(cairo_image_surface_create) *image_surface_create;
    __typeof__(cairo_create) *create;
    __typeof__(cairo_scale) *scale;
    __typeof__(cairo_set_source_rgb) *set_source_rgb;
    __typeof__(cairo_rectangle) *rectangle;
    __typeof__(cairo_fill) *fill;
    __typeof__(cairo_paint) *paint;
    __typeof__(cairo_set_antialias) *set_antialias;
    __typeof__(cairo_select_font_face) *select_font_face;
    __typeof__(cairo_set_font_size) *set_font_size;
    __typeof__(cairo_move_to) *move_to;
    __typeof__(cairo_show_text) *show_text;
    __typeof__(cairo_surface_write_to_png) *surface_write_to_png;
    __typeof__(cairo_status_to_string) *status_to_string;
    __typeof__(cairo_destroy) *destroy;
    __typeof__(cairo_surface_destroy) *surface_destroy;
} cairo;

#define LOAD(name) ((cairo.name = (__typeof__(cairo.name))dlsym(library, "cairo_" #name)) != NULL)

static bool cairo_load(void)
{
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    bool loaded = library && LOAD(image_surface_create) && LOAD(create) && LOAD(scale) &&
                  LOAD(set_source_rgb) && LOAD(rectangle) && LOAD(fill) && LOAD(paint) &&
                  LOAD(set_antialias) && LOAD(select_font_face) && LOAD(set_font_size) && LOAD(move_to) &&
                  LOAD(show_text) && LOAD(surface_write_to_png) && LOAD(status_to_string) && LOAD(destroy) &&
                  LOAD(surface_destroy);
    if (!loaded)
        message_print("--png needs %s, which is not installed here (the package of cairo); --svg does not",
                      LIBRARY);
    return loaded;
}

static void colour_set(cairo_t *context, uint32_t colour)
{
    cairo.set_source_rgb(context, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
                         (colour & 255) / 255.0);
}

static void shapes_draw(cairo_t *context, const struct picture *picture)
{
    cairo.set_antialias(context, CAIRO_ANTIALIAS_NONE);
    for (size_t i = 0; i < picture->rects; i++) {
        const struct picture_rect *rect = &picture->rect[i];
        colour_set(context, rect->colour);
        cairo.rectangle(context, (double)rect->x, (double)rect->y, (double)rect->width, (double)rect->height);
        cairo.fill(context);
    }
    cairo.set_antialias(context, CAIRO_ANTIALIAS_DEFAULT);
    for (size_t i = 0; i < picture->texts; i++) {
        const struct picture_text *text = &picture->text[i];
        colour_set(context, text->colour);
        cairo.select_font_face(context, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                               text->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
        cairo.set_font_size(context, (double)text->size);
        cairo.move_to(context, (double)text->x, (double)text->y);
        cairo.show_text(context, text->text);
    }
}

bool picture_write_png(const struct picture *picture, const char *path)
{
    if (!cairo_load())
        return false;
    cairo_surface_t *surface = cairo.image_surface_create(
        CAIRO_FORMAT_RGB24, (int)picture->width * PICTURE_SCALE, (int)picture->height * PICTURE_SCALE);
    cairo_t *context = cairo.create(surface);
    cairo.scale(context, PICTURE_SCALE, PICTURE_SCALE);
    colour_set(context, 0xffffff);
    cairo.paint(context);
    shapes_draw(context, picture);
    cairo_status_t status = cairo.surface_write_to_png(surface, path);
    if (status != CAIRO_STATUS_SUCCESS)
        message_print("cannot write %s: %s", path, cairo.status_to_string(status));
    cairo.destroy(context);
    cairo.surface_destroy(surface);
    return status == CAIRO_STATUS_SUCCESS;
}
