/* html.c - frame, bars and curves of a report page. */
#include "html.h"

#include "html_style.h"
#include "markup.h"
#include "scale.h"

#include <math.h>

enum { SERIES_COLOURS = 7, PLOT_SIDE = 1000, GRID_LINES = 4 };

void html_begin(struct text *page, const char *title, const char *lead)
{
    text_add(page, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                   "<title>");
    markup_add_xml(page, title);
    text_add(page, "</title>\n<style>%s</style></head>\n<body><main>\n<h1>", html_style);
    markup_add_xml(page, title);
    text_add(page, "</h1>\n<p class=\"lead\">");
    markup_add_xml(page, lead);
    text_add(page, "</p>\n");
}

void html_end(struct text *page)
{
    text_add(page, "</main></body></html>\n");
}

/* The longest that has to fit, a little more so that the whiskers and the line show. */
static double bars_scale(const struct bars *bars)
{
    double most = bars->best_value;
    for (size_t i = 0; i < bars->count; i++) {
        most = fmax(most, isfinite(bars->bar[i].value) ? bars->bar[i].value : 0);
        most = fmax(most, isfinite(bars->bar[i].high) ? bars->bar[i].high : 0);
    }
    return most > 0 ? most * 1.02 : 1;
}

static void card_begin(struct text *page, const char *title, const char *about)
{
    text_add(page, "<section class=\"card\">");
    if (!title)
        return;
    text_add(page, "<h3>");
    markup_add_xml(page, title);
    text_add(page, "</h3>");
    if (about && *about) {
        text_add(page, "<p class=\"soft\">");
        markup_add_xml(page, about);
        text_add(page, "</p>");
    }
}

static void bar_add(struct text *page, const struct bar *bar, double scale, double reference)
{
    const char *kind = bar->ours ? "o" : bar->best_peer ? "b" : "";
    text_add(page, "<span class=\"l %s\" title=\"", kind);
    markup_add_xml(page, bar->label);
    text_add(page, "\">");
    markup_add_xml(page, bar->label);
    text_add(page, "</span><svg aria-hidden=\"true\">");
    if (isfinite(bar->value))
        text_add(page, "<rect class=\"%s\" y=\"2\" width=\"%.2f%%\" height=\"12\" rx=\"3\"/>", kind,
                 100 * bar->value / scale);
    if (isfinite(bar->low) && isfinite(bar->high))
        text_add(page, "<line class=\"whisker\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"8\" y2=\"8\"/>",
                 100 * bar->low / scale, 100 * bar->high / scale);
    text_add(page, "<line class=\"ref\" x1=\"%.2f%%\" x2=\"%.2f%%\" y1=\"-2\" y2=\"18\"/>",
             100 * reference / scale, 100 * reference / scale);
    text_add(page, "</svg><span class=\"n v\">%s</span><span class=\"n %s\">%s</span>\n", bar->value_text,
             kind, bar->note);
}

void html_add_bars(struct text *page, const char *title, const char *about, const struct bars *bars)
{
    double scale = bars_scale(bars);
    card_begin(page, title, about);
    text_add(page, "<div class=\"bars\">\n");
    for (size_t i = 0; i < bars->count; i++)
        bar_add(page, &bars->bar[i], scale, bars->best_value);
    text_add(page, "</div></section>\n");
}

static void colour_add(struct text *page, const struct html_line *line, size_t index)
{
    if (line->ours)
        text_add(page, "var(--ours)");
    else
        text_add(page, "var(--s%zu)", (index + SERIES_COLOURS - 1) % SERIES_COLOURS + 1);
}

static void curve_draw(struct text *page, const struct html_line *line, size_t index, double seconds,
                       double kib)
{
    if (line->curve->count == 0)
        return;
    text_add(page, "<polyline class=\"curve %s\" vector-effect=\"non-scaling-stroke\" stroke=\"",
             line->ours ? "o" : "");
    colour_add(page, line, index);
    text_add(page, "\" points=\"");
    for (size_t i = 0; i < line->curve->count; i++)
        text_add(page, "%.1f,%.1f ", PLOT_SIDE * (double)line->curve->point[i].seconds / seconds,
                 PLOT_SIDE - PLOT_SIDE * (double)line->curve->point[i].kib / kib);
    text_add(page, "\"><title>");
    markup_add_xml(page, line->label);
    text_add(page, "</title></polyline>\n");
}

static void legend_add(struct text *page, const struct html_line *lines, size_t count)
{
    text_add(page, "<div class=\"legend\">");
    for (size_t i = 0; i < count; i++) {
        text_add(page, "<span class=\"%s\"><i style=\"background:", lines[i].ours ? "o" : "");
        colour_add(page, &lines[i], i);
        text_add(page, "\"></i>");
        markup_add_xml(page, lines[i].label);
        text_add(page, "</span>");
    }
    text_add(page, "</div>");
}

static void axes_add(struct text *page, double kib)
{
    char number[NUMBER_BYTES];
    text_add(page, "<div class=\"plot\"><div class=\"y\">");
    for (int i = GRID_LINES; i >= 0; i--)
        text_add(page, "<span>%s</span>", i ? number_bytes(kib * 1024 * i / GRID_LINES, number) : "0");
    text_add(page,
             "</div><svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
             "aria-label=\"memory over time\">",
             PLOT_SIDE, PLOT_SIDE);
    for (int i = 0; i <= GRID_LINES; i++)
        text_add(page,
                 "<line class=\"rule\" vector-effect=\"non-scaling-stroke\" x1=\"0\" x2=\"%d\" "
                 "y1=\"%d\" y2=\"%d\"/>",
                 PLOT_SIDE, PLOT_SIDE * i / GRID_LINES, PLOT_SIDE * i / GRID_LINES);
}

/* Round times on the axis below, each where it belongs. */
static void times_add(struct text *page, double seconds)
{
    char number[NUMBER_BYTES];
    double step = scale_round_up(seconds / (GRID_LINES + 1));
    text_add(page, "<div class=\"x\"><span style=\"left:0\">0</span>");
    for (double at = step; at <= seconds * 0.85; at += step)
        text_add(page, "<span style=\"left:%.2f%%\">%s</span>", 100 * at / seconds,
                 number_seconds(at, number));
    text_add(page, "<span style=\"left:100%%\">%s</span></div>", number_seconds(seconds, number));
}

void html_add_curves(struct text *page, const struct html_plot *plot)
{
    const struct html_line *lines = plot->line;
    size_t count = plot->lines;
    double seconds = 1e-3, kib = 1;
    for (size_t i = 0; i < count; i++)
        curve_extend(lines[i].curve, &seconds, &kib);
    kib = scale_round_up_kib(kib);
    card_begin(page, plot->title, plot->about);
    legend_add(page, lines, count);
    axes_add(page, kib);
    for (size_t i = count; i > 0; i--)
        curve_draw(page, &lines[i - 1], i - 1, seconds, kib);
    text_add(page, "</svg>");
    times_add(page, seconds);
    text_add(page, "</div></section>\n");
}
