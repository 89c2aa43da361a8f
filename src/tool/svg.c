/* svg.c - lays out text, bars and curves in pixels. */
#include "svg.h"

#include "markup.h"
#include "palette.h"
#include "scale.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    WIDTH = 900,
    MARGIN = 30,
    COLUMNS = 2,
    COLUMN_GAP = 44,
    COLUMN_WIDTH = (WIDTH - 2 * MARGIN - COLUMN_GAP) / COLUMNS,
    NAME_WIDTH = 108,
    VALUE_WIDTH = 44,
    BAR_X = NAME_WIDTH + 8,
    BAR_LENGTH = COLUMN_WIDTH - BAR_X - VALUE_WIDTH,
    BAR_HEIGHT = 10,
    BAR_PITCH = 14,
    GROUP_TITLE_HEIGHT = 20,
    GROUP_GAP = 14,
    LEGEND_COLUMNS = 6,
    PLOT_X = 56,
    PLOT_WIDTH = COLUMN_WIDTH - PLOT_X,
    PLOT_HEIGHT = 120,
    PLOT_STEPS = 4,
    PLOT_GAP = 40,
    LINE_HEIGHT = 17,
    /* How much text fits, by the width of letters in the widest of the usual fonts. */
    LINE_CHARACTERS = 112,
    NAME_CHARACTERS = 16
};
static const double TICK_STEP = 0.5;

static const char style[] = "text{font-family:sans-serif;font-size:11px;fill:" PALETTE_INK "}"
                            ".page{fill:" PALETTE_CARD ";stroke:" PALETTE_LINE "}"
                            ".h1{font-size:20px;font-weight:700}.h2{font-size:16px;font-weight:700}"
                            ".h3{font-size:12px;font-weight:700}"
                            ".s{font-size:12px}.s,.t,.n,.v{fill:" PALETTE_SOFT "}.t{font-size:10px}"
                            ".n,.v{text-anchor:end}.t{text-anchor:middle}"
                            "text.o{fill:" PALETTE_OURS ";font-weight:700}text.b{fill:" PALETTE_INK
                            ";font-weight:700}"
                            ".r{fill:" PALETTE_PEER "}.r.b{fill:" PALETTE_BEST "}.r.o{fill:" PALETTE_OURS "}"
                            ".cut{stroke:" PALETTE_CARD ";stroke-width:2}"
                            ".rule{stroke:" PALETTE_LINE "}.one{stroke:" PALETTE_INK
                            ";stroke-dasharray:2 2;stroke-opacity:.6}";

static void text_draw(struct svg *svg, const char *class_name, double x, int y, const char *text)
{
    text_add(&svg->body, "<text class=\"%s\" x=\"%.1f\" y=\"%d\">", class_name, x, y);
    markup_add_xml(&svg->body, text);
    text_add(&svg->body, "</text>\n");
}

void svg_begin(struct svg *svg, const char *title)
{
    *svg = (struct svg){.y = 46};
    text_draw(svg, "h1", MARGIN, svg->y, title);
    svg->y += 6;
}

/* The bytes of the next line: up to the last space that fits, or all, or one long word. */
static size_t line_length(const char *text)
{
    size_t fits = strcspn(text, " "), next;
    while (text[fits] != '\0' && (next = fits + 1 + strcspn(text + fits + 1, " ")) <= LINE_CHARACTERS)
        fits = next;
    return fits;
}

void svg_add_text(struct svg *svg, const char *text)
{
    while (*text) {
        struct text line = {NULL, 0, 0};
        size_t length = line_length(text);
        text_add(&line, "%.*s", (int)length, text);
        svg->y += LINE_HEIGHT;
        text_draw(svg, "s", MARGIN, svg->y, line.data);
        text_free(&line);
        text += length + (text[length] == ' ');
    }
}

static double panel_scale(const struct svg_panel *panel)
{
    double most = 1;
    for (size_t i = 0; i < panel->groups; i++)
        for (size_t j = 0; j < panel->group[i].bars.count; j++)
            if (isfinite(panel->group[i].bars.bar[j].ratio))
                most = fmax(most, panel->group[i].bars.bar[j].ratio);
    return fmin(most * 1.02, panel->limit);
}

static void name_draw(struct svg *svg, const char *kind, int x, int y, const char *name)
{
    text_add(&svg->body, "<text class=\"n %s\" x=\"%d\" y=\"%d\"", kind, x, y);
    if (strlen(name) > NAME_CHARACTERS)
        text_add(&svg->body, " textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\"", NAME_WIDTH);
    text_add(&svg->body, ">");
    markup_add_xml(&svg->body, name);
    text_add(&svg->body, "</text>\n");
}

static void bar_draw(struct svg *svg, const struct bar *bar, int x, int y, double scale)
{
    const char *kind = bar->ours ? "o" : bar->best_peer ? "b" : "";
    int baseline = y + BAR_HEIGHT - 1, end = x + BAR_X + BAR_LENGTH;
    name_draw(svg, kind, x + NAME_WIDTH, baseline, bar->label);
    text_add(&svg->body, "<text class=\"v %s\" x=\"%d\" y=\"%d\">%s</text>\n", kind, x + COLUMN_WIDTH,
             baseline, *bar->note ? bar->note : "-");
    if (!isfinite(bar->ratio))
        return;
    text_add(&svg->body, "<rect class=\"r %s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n",
             kind, x + BAR_X, y, BAR_LENGTH * fmin(bar->ratio, scale) / scale, BAR_HEIGHT);
    if (bar->ratio > scale)
        text_add(&svg->body, "<path class=\"cut\" d=\"M%d %dl4 -%dm4 0l-4 %d\"/>\n", end - 16,
                 y + BAR_HEIGHT + 1, BAR_HEIGHT + 2, BAR_HEIGHT + 2);
}

/* Upright lines behind a group's bars, at every half and, to be seen, at 1. */
static void rules_draw(struct svg *svg, int x, int top, int bottom, double scale, bool in_front)
{
    for (double at = 0; at <= scale; at += TICK_STEP) {
        bool is_one = fabs(at - 1) < TICK_STEP / 2;
        if (is_one == in_front)
            text_add(&svg->body, "<path class=\"%s\" d=\"M%.1f %dV%d\"/>\n", is_one ? "one" : "rule",
                     x + BAR_X + BAR_LENGTH * at / scale, top, bottom);
    }
}

static void ticks_draw(struct svg *svg, int x, double scale)
{
    for (double at = 0; at <= scale; at += TICK_STEP) {
        char number[NUMBER_BYTES];
        snprintf(number, sizeof number, "%.1f", at);
        text_draw(svg, "t", x + BAR_X + BAR_LENGTH * at / scale, svg->y, number);
    }
}

static void group_draw(struct svg *svg, const struct svg_group *group, int x, int y, double scale)
{
    int top = y + GROUP_TITLE_HEIGHT, bottom = top + BAR_PITCH * (int)group->bars.count;
    text_add(&svg->body, "<g><title>");
    markup_add_xml(&svg->body, group->about);
    text_add(&svg->body, "</title>\n");
    text_draw(svg, "h3", x + BAR_X, y + GROUP_TITLE_HEIGHT - 7, group->title);
    rules_draw(svg, x, top - 2, bottom, scale, false);
    for (size_t i = 0; i < group->bars.count; i++)
        bar_draw(svg, &group->bars.bar[i], x, top + BAR_PITCH * (int)i + 1, scale);
    rules_draw(svg, x, top - 2, bottom, scale, true);
    text_add(&svg->body, "</g>\n");
}

static void panel_begin(struct svg *svg, const char *title, const char *about)
{
    svg->y += 24;
    text_add(&svg->body, "<path class=\"rule\" d=\"M%d %d.5H%d\"/>\n", MARGIN, svg->y, WIDTH - MARGIN);
    svg->y += 28;
    text_draw(svg, "h2", MARGIN, svg->y, title);
    svg->y += 2;
    svg_add_text(svg, about);
}

void svg_add_panel(struct svg *svg, const struct svg_panel *panel)
{
    double scale = panel_scale(panel);
    if (panel->groups == 0)
        return;
    int height = GROUP_TITLE_HEIGHT + BAR_PITCH * (int)panel->group[0].bars.count + GROUP_GAP;
    panel_begin(svg, panel->title, panel->about);
    svg->y += 24;
    for (int column = 0; column < COLUMNS && (size_t)column < panel->groups; column++)
        ticks_draw(svg, MARGIN + column * (COLUMN_WIDTH + COLUMN_GAP), scale);
    svg->y += 10;
    for (size_t i = 0; i < panel->groups; i++)
        group_draw(svg, &panel->group[i], MARGIN + (int)(i % COLUMNS) * (COLUMN_WIDTH + COLUMN_GAP),
                   svg->y + (int)(i / COLUMNS) * height, scale);
    svg->y += (int)((panel->groups + COLUMNS - 1) / COLUMNS) * height - GROUP_GAP;
}

/* The colours of the allocators' lines: ours, then a series that starts anew when it ends. */
static const char *line_colour(size_t index)
{
    static const char *const series[] = {PALETTE_SERIES_1, PALETTE_SERIES_2, PALETTE_SERIES_3,
                                         PALETTE_SERIES_4, PALETTE_SERIES_5, PALETTE_SERIES_6,
                                         PALETTE_SERIES_7};
    return index == 0 ? PALETTE_OURS : series[(index - 1) % (sizeof series / sizeof series[0])];
}

static void legend_draw(struct svg *svg, const struct svg_plots *plots)
{
    svg->y += 26;
    for (size_t i = 0; i < plots->labels; i++) {
        size_t column = i % LEGEND_COLUMNS;
        int x = MARGIN + (int)column * (WIDTH - 2 * MARGIN) / LEGEND_COLUMNS;
        svg->y += i > 0 && column == 0 ? LINE_HEIGHT : 0;
        text_add(&svg->body, "<path stroke=\"%s\" stroke-width=\"3\" d=\"M%d %dh18\"/>\n", line_colour(i), x,
                 svg->y - 4);
        text_draw(svg, i == 0 ? "o" : "", x + 24, svg->y, plots->label[i]);
    }
    svg->y += 18;
}

struct plot_frame {
    int x, y; /* of the upper left corner */
    double seconds, kib;
};

static void curve_draw(struct svg *svg, const struct curve *curve, const struct plot_frame *frame,
                       size_t index)
{
    text_add(&svg->body, "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"%s\" points=\"",
             line_colour(index), index == 0 ? "2.4" : "1.4");
    for (size_t i = 0; i < curve->count; i++)
        text_add(&svg->body, "%.1f,%.1f ",
                 frame->x + PLOT_WIDTH * (double)curve->point[i].seconds / frame->seconds,
                 frame->y + PLOT_HEIGHT - PLOT_HEIGHT * (double)curve->point[i].kib / frame->kib);
    text_add(&svg->body, "\"/>\n");
}

static void axes_draw(struct svg *svg, const struct plot_frame *frame)
{
    char number[NUMBER_BYTES];
    for (int i = 0; i <= PLOT_STEPS; i++) {
        int y = frame->y + PLOT_HEIGHT - PLOT_HEIGHT * i / PLOT_STEPS;
        text_add(&svg->body, "<path class=\"rule\" d=\"M%d %d.5h%d\"/>\n", frame->x, y, PLOT_WIDTH);
        text_draw(svg, "n", frame->x - 6, y + 4,
                  i ? number_bytes(frame->kib * 1024 * i / PLOT_STEPS, number) : "0");
    }
    text_draw(svg, "t", frame->x, frame->y + PLOT_HEIGHT + 14, "0");
    text_draw(svg, "v", frame->x + PLOT_WIDTH, frame->y + PLOT_HEIGHT + 14,
              number_seconds(frame->seconds, number));
}

static void plot_draw(struct svg *svg, const struct svg_plots *plots, const struct svg_plot *plot, int x,
                      int y)
{
    struct plot_frame frame = {x + PLOT_X, y + GROUP_TITLE_HEIGHT, 1e-3, 1};
    for (size_t i = 0; i < plots->labels; i++)
        curve_extend(plot->curve[i], &frame.seconds, &frame.kib);
    frame.kib = scale_round_up_kib(frame.kib);
    text_add(&svg->body, "<g><title>");
    markup_add_xml(&svg->body, plot->about);
    text_add(&svg->body, "</title>\n");
    text_draw(svg, "h3", frame.x, y + GROUP_TITLE_HEIGHT - 9, plot->title);
    axes_draw(svg, &frame);
    for (size_t i = plots->labels; i > 0; i--)
        if (plot->curve[i - 1]->count > 1)
            curve_draw(svg, plot->curve[i - 1], &frame, i - 1);
    text_add(&svg->body, "</g>\n");
}

void svg_add_plots(struct svg *svg, const struct svg_plots *plots)
{
    const int height = GROUP_TITLE_HEIGHT + PLOT_HEIGHT + PLOT_GAP;
    panel_begin(svg, plots->title, plots->about);
    legend_draw(svg, plots);
    for (size_t i = 0; i < plots->plots; i++)
        plot_draw(svg, plots, &plots->plot[i], MARGIN + (int)(i % COLUMNS) * (COLUMN_WIDTH + COLUMN_GAP),
                  svg->y + (int)(i / COLUMNS) * height);
    svg->y += (int)((plots->plots + COLUMNS - 1) / COLUMNS) * height - PLOT_GAP + 14;
}

void svg_end(struct svg *svg, const char *title, struct text *page)
{
    int height = svg->y + MARGIN;
    text_add(page,
             "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
             "role=\"img\">\n<title>",
             WIDTH, height, WIDTH, height);
    markup_add_xml(page, title);
    text_add(page,
             "</title>\n<style>%s</style>\n"
             "<rect class=\"page\" x=\".5\" y=\".5\" width=\"%d\" height=\"%d\" rx=\"10\"/>\n%s</svg>\n",
             style, WIDTH - 1, height - 1, svg->body.data);
    text_free(&svg->body);
}
