/* report_html.c - composes the report pages: what is said and drawn, in which order. */
#include "bars.h"
#include "html.h"
#include "markup.h"
#include "report.h"
#include "suite.h"
#include "text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t allocators(const struct report *report)
{
    return report->results->allocators->count;
}

static const char *allocator_name(const struct report *report, size_t index)
{
    return report->results->allocators->item[index].name;
}

/* One card: the allocators on one benchmark, in one metric. */
static void card_add(struct text *page, const struct report *report, size_t row, enum metric metric,
                     const char *title, const char *about)
{
    struct bars bars;
    if (!bars_make(&bars, report->results, row, metric))
        return;
    html_add_bars(page, title, about, &bars);
    bars_free(&bars);
}

static void mean_card_add(struct text *page, const struct report *report, enum metric metric,
                          const char *title, const char *about)
{
    struct bars bars;
    if (!bars_make_means(&bars, report->results, metric))
        return;
    html_add_bars(page, title, about, &bars);
    bars_free(&bars);
}

static void command_add(struct text *page, const struct report *report)
{
    struct text command = {NULL, 0, 0};
    report_add_command(&command, report);
    text_add(page, "<code>");
    markup_add_xml(page, command.data);
    text_add(page, "</code>");
    text_free(&command);
}

static void section_begin(struct text *page, const char *title, const char *about)
{
    text_add(page, "<h2>%s</h2><p class=\"soft\">%s</p>\n", title, about);
}

static void metric_section_add(struct text *page, const struct report *report, enum metric metric,
                               const char *title, const char *about)
{
    section_begin(page, title, about);
    text_add(page, "<div class=\"grid\">\n");
    for (size_t row = 0; row < report->results->rows; row++) {
        const char *name = report->results->row_name[row];
        const struct suite_case *known = suite_find(name, strlen(name));
        card_add(page, report, row, metric, name, known ? known->about : "");
    }
    text_add(page, "</div>\n");
}

static void table_row_add(struct text *page, const struct report *report, size_t row, size_t allocator)
{
    text_add(page, "<tr><th>");
    markup_add_xml(page, report->results->row_name[row]);
    text_add(page, "</th><td class=\"t\">");
    markup_add_xml(page, allocator_name(report, allocator));
    text_add(page, "</td>");
    size_t metrics;
    const enum metric *metric = report_metrics(report->kind, &metrics);
    for (size_t i = 0; i < metrics; i++) {
        char cell[RESULT_INTERVAL_BYTES];
        results_format_interval(report->results, row, allocator, metric[i], cell);
        text_add(page, "<td>%s</td>", cell);
    }
    text_add(page, "</tr>\n");
}

static void table_add(struct text *page, const struct report *report)
{
    section_begin(page, "All figures",
                  "Medians; in brackets their 95 % intervals from order "
                  "statistics, where there are 6 runs or more.");
    size_t metrics;
    const enum metric *metric = report_metrics(report->kind, &metrics);
    text_add(page, "<div class=\"scroll\"><table><thead><tr><th></th><th></th>");
    for (size_t i = 0; i < metrics; i++)
        text_add(page, "<th>%s</th>", metric_info[metric[i]].column);
    text_add(page, "</tr></thead>\n");
    for (size_t row = 0; row < report->results->rows; row++)
        for (size_t i = 0; i < allocators(report); i++)
            table_row_add(page, report, row, i);
    text_add(page, "</table></div>\n");
}

static void allocators_add(struct text *page, const struct report *report)
{
    section_begin(page, "Allocators", "As preloaded, with the versions they give themselves.");
    text_add(page, "<div class=\"scroll\"><table class=\"bare\">\n");
    for (size_t i = 0; i < allocators(report); i++) {
        const struct allocator *allocator = &report->results->allocators->item[i];
        text_add(page, "<tr><th>");
        markup_add_xml(page, allocator->name);
        text_add(page, "</th><td class=\"t\">");
        markup_add_xml(page, allocator->version);
        text_add(page, "</td><td class=\"path\"><code>");
        markup_add_xml(page, allocator->path ? allocator->path : "the C library's own");
        text_add(page, "</code></td></tr>\n");
    }
    text_add(page, "</table></div>\n");
}

static void footer_add(struct text *page, const struct report *report)
{
    struct text conditions = {NULL, 0, 0};
    report_add_conditions(&conditions, report);
    text_add(page, "<footer>");
    markup_add_xml(page, conditions.data);
    text_add(page, ".");
    if (report->kind != REPORT_COMPARE) {
        text_add(page, "<br>");
        command_add(page, report);
    }
    text_add(page, "</footer>\n");
    text_free(&conditions);
}

static void bench_compose(struct text *page, const struct report *report)
{
    html_begin(page, "HAKMEM benchmarks",
               "Every allocator on every benchmark. The dashed line is the best peer: HAKMEM's "
               "bar should reach past it in speed, and stay short of it in memory.");
    text_add(page, "<div class=\"grid two\">\n");
    mean_card_add(page, report, METRIC_OPS, "Speed, geometric mean",
                  "Times the fastest peer of each benchmark: longer is better.");
    mean_card_add(page, report, METRIC_RSS, "Peak memory, geometric mean",
                  "Times the leanest peer of each benchmark: shorter is better.");
    text_add(page, "</div>\n");
    metric_section_add(page, report, METRIC_OPS, "Speed",
                       "Operations a second, and times the fastest peer. Longer is better.");
    metric_section_add(page, report, METRIC_RSS, "Memory",
                       "Peak RSS, and times the leanest peer. Shorter is better.");
}

/* The plot of one row; false when every run was too short to be looked at. */
static bool plot_add(struct text *page, const struct report *report, size_t row, const char *title,
                     const char *about)
{
    struct html_plot plot = {title, about, memory_resize(NULL, allocators(report), sizeof *plot.line),
                             allocators(report)};
    size_t points = 0;
    for (size_t i = 0; i < allocators(report); i++) {
        const struct curve *curve = report_curve(report, row, i);
        plot.line[i] = (struct html_line){allocator_name(report, i), curve, i == ALLOCATOR_HAKMEM};
        points += curve->count > 1 ? curve->count : 0;
    }
    if (points)
        html_add_curves(page, &plot);
    free(plot.line);
    return points > 0;
}

static void curves_add(struct text *page, const struct report *report)
{
    section_begin(page, "Memory over time",
                  "RSS of the program and its children, each allocator's typical run.");
    if (!plot_add(page, report, 0, NULL, NULL))
        text_add(page, "<p class=\"soft\">The program is too short to be looked at.</p>\n");
}

static void memory_compose(struct text *page, const struct report *report)
{
    html_begin(page, "HAKMEM memory",
               "What programs hold at their peak, and what comes back by itself once they have freed it and "
               "call malloc and free no more.");
    section_begin(
        page, "Memory over time",
        "RSS of the whole process, with the benchmark's own arrays, in each allocator's typical run.");
    text_add(page, "<div class=\"grid wide\">\n");
    for (size_t row = 0; row < report->results->rows; row++) {
        const char *name = report->results->row_name[row];
        const struct suite_case *known = suite_find(name, strlen(name));
        plot_add(page, report, row, name, known ? known->about : "");
    }
    text_add(page, "</div>\n");
    metric_section_add(page, report, METRIC_RSS, "Peak",
                       "Above what was resident before the blocks, and times the leanest peer. Shorter is "
                       "better.");
    metric_section_add(page, report, METRIC_FREED, "After the frees", "The same, once all was freed.");
    metric_section_add(page, report, METRIC_IDLE, "After a while",
                       "The same, after some seconds without a call.");
}

static void compare_compose(struct text *page, const struct report *report)
{
    static const enum metric shown[] = {METRIC_WALL, METRIC_CPU, METRIC_RSS, METRIC_FAULTS};
    html_begin(page, "HAKMEM compared", report->verdict);
    text_add(page, "<p class=\"soft\">");
    command_add(page, report);
    text_add(page, "</p>\n<div class=\"grid two\">\n");
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        card_add(page, report, 0, shown[i], metric_info[shown[i]].title, "Shorter is better.");
    text_add(page, "</div>\n");
    curves_add(page, report);
}

bool report_write_html(const struct report *report, const char *path)
{
    struct text page = {NULL, 0, 0};
    static void (*const compose[])(struct text * page, const struct report *report) = {
        [REPORT_BENCH] = bench_compose,
        [REPORT_COMPARE] = compare_compose,
        [REPORT_MEMORY] = memory_compose,
    };
    compose[report->kind](&page, report);
    table_add(&page, report);
    allocators_add(&page, report);
    footer_add(&page, report);
    html_end(&page);
    return report_write_text(&page, path);
}
