/* report_html.c - composes the report pages: what is said and drawn, in which order. */
#include "html.h"
#include "machine.h"
#include "report.h"
#include "suite.h"
#include "text.h"
#include "verdict.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Texts that the bars of one card point to. */
struct bar_texts {
    char value[NUMBER_BYTES];
    char note[NUMBER_BYTES];
};

static size_t allocators(const struct report *report)
{
    return report->results->allocators->count;
}

static const char *allocator_name(const struct report *report, size_t index)
{
    return report->results->allocators->item[index].name;
}

static struct html_bar bar_make(const struct report *report, size_t row, size_t allocator, enum metric metric,
                                struct bar_texts *texts)
{
    const struct results *results = report->results;
    double median = results_median(results, row, allocator, metric);
    double ratio = results_ratio(results, row, allocator, metric);
    struct interval interval = stats_median_interval(results_values(results, row, allocator, metric),
                                                     results->runs, 0.95);
    bool failed = *results_failure(results, row, allocator) != '\0';
    results_format(metric, median, texts->value);
    if (isfinite(ratio))
        snprintf(texts->note, sizeof texts->note, "%.2f×", ratio);
    else
        snprintf(texts->note, sizeof texts->note, "%s", failed ? "failed" : "");
    return (struct html_bar){
        .label = allocator_name(report, allocator),
        .value = median,
        .low = interval.valid && !failed ? interval.low : (double)NAN,
        .high = interval.valid && !failed ? interval.high : (double)NAN,
        .value_text = texts->value,
        .note = texts->note,
        .ours = allocator == ALLOCATOR_HAKMEM,
        .best = allocator == results_best_peer(results, row, metric),
    };
}

/* One card: the allocators on one benchmark, in one metric. */
static void card_add(struct text *page, const struct report *report, size_t row, enum metric metric,
                     const char *title, const char *about)
{
    size_t count = allocators(report), best = results_best_peer(report->results, row, metric);
    if (best == NO_ALLOCATOR)
        return;
    struct html_bar *bars = memory_resize(NULL, count, sizeof *bars);
    struct bar_texts *texts = memory_resize(NULL, count, sizeof *texts);
    for (size_t i = 0; i < count; i++)
        bars[i] = bar_make(report, row, i, metric, &texts[i]);
    html_add_bars(page, title, about, bars, count, results_median(report->results, row, best, metric));
    free(bars);
    free(texts);
}

static void mean_card_add(struct text *page, const struct report *report, enum metric metric,
                          const char *title, const char *about)
{
    size_t count = allocators(report);
    struct html_bar *bars = memory_resize(NULL, count, sizeof *bars);
    struct bar_texts *texts = memory_resize(NULL, count, sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        double mean = results_geometric_mean(report->results, i, metric);
        snprintf(texts[i].note, sizeof texts[i].note, isfinite(mean) ? "%.2f×" : "-", mean);
        bars[i] = (struct html_bar){
            .label = allocator_name(report, i),
            .value = mean,
            .low = (double)NAN,
            .high = (double)NAN,
            .value_text = "",
            .note = texts[i].note,
            .ours = i == ALLOCATOR_HAKMEM,
        };
    }
    html_add_bars(page, title, about, bars, count, 1);
    free(bars);
    free(texts);
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

/* A command of the user's has no operations to count. */
static int first_metric(const struct report *report)
{
    return report->kind == REPORT_COMPARE ? METRIC_WALL : METRIC_OPS;
}

static void table_row_add(struct text *page, const struct report *report, size_t row, size_t allocator)
{
    text_add(page, "<tr><th>");
    html_add_escaped(page, report->results->row_name[row]);
    text_add(page, "</th><td class=\"t\">");
    html_add_escaped(page, allocator_name(report, allocator));
    text_add(page, "</td>");
    for (int metric = first_metric(report); metric < METRICS; metric++) {
        char cell[RESULT_INTERVAL_BYTES];
        results_format_interval(report->results, row, allocator, (enum metric)metric, cell);
        text_add(page, "<td>%s</td>", cell);
    }
    text_add(page, "</tr>\n");
}

static void table_add(struct text *page, const struct report *report)
{
    section_begin(page, "All figures",
                  "Medians; in brackets their 95 % intervals from order "
                  "statistics, where there are 6 runs or more.");
    text_add(page,
             "<div class=\"scroll\"><table><thead><tr><th></th><th></th>%s"
             "<th>wall</th><th>CPU</th><th>peak RSS</th><th>page faults</th></tr></thead>\n",
             first_metric(report) == METRIC_OPS ? "<th>ops/s</th>" : "");
    for (size_t row = 0; row < report->results->rows; row++)
        for (size_t i = 0; i < allocators(report); i++)
            table_row_add(page, report, row, i);
    text_add(page, "</table></div>\n");
}

static void allocators_add(struct text *page, const struct report *report)
{
    struct machine machine;
    machine_read(&machine);
    section_begin(page, "Allocators", "As preloaded, with the versions they give themselves.");
    text_add(page, "<div class=\"scroll\"><table class=\"bare\">\n");
    for (size_t i = 0; i < allocators(report); i++) {
        const struct allocator *allocator = &report->results->allocators->item[i];
        text_add(page, "<tr><th>");
        html_add_escaped(page, allocator->name);
        text_add(page, "</th><td class=\"t\">");
        html_add_escaped(page, allocator->version);
        text_add(page, "</td><td class=\"path\"><code>");
        html_add_escaped(page, allocator->path ? allocator->path : "the C library's own");
        text_add(page, "</code></td></tr>\n");
    }
    text_add(page, "</table></div>\n<footer>");
    html_add_escaped(page, machine.processor);
    text_add(page, ", %ld cores, %s; %zu runs each, interleaved; %s.</footer>\n", machine.cores,
             machine.kernel, report->results->runs, machine.date);
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

static void curves_add(struct text *page, const struct report *report)
{
    struct html_line *lines = memory_resize(NULL, allocators(report), sizeof *lines);
    size_t points = 0;
    for (size_t i = 0; i < allocators(report); i++) {
        lines[i] = (struct html_line){allocator_name(report, i), report->curve[i], i == ALLOCATOR_HAKMEM};
        points += report->curve[i]->count > 1 ? report->curve[i]->count : 0;
    }
    section_begin(page, "Memory over time",
                  points ? "RSS of the program and its children, each allocator's typical run."
                         : "The program is too short to be looked at.");
    if (points)
        html_add_curves(page, lines, allocators(report));
    free(lines);
}

static void compare_compose(struct text *page, const struct report *report)
{
    static const enum metric shown[] = {METRIC_WALL, METRIC_CPU, METRIC_RSS, METRIC_FAULTS};
    html_begin(page, "HAKMEM compared", report->verdict);
    text_add(page, "<p class=\"soft\"><code>");
    for (char *const *word = report->command; *word; word++) {
        html_add_escaped(page, *word);
        text_add(page, "%s", word[1] ? " " : "");
    }
    text_add(page, "</code></p>\n<div class=\"grid two\">\n");
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        card_add(page, report, 0, shown[i], metric_info[shown[i]].title, "Shorter is better.");
    text_add(page, "</div>\n");
    curves_add(page, report);
}

bool report_write_html(const struct report *report, const char *path)
{
    struct text page = {NULL, 0, 0};
    if (report->kind == REPORT_BENCH)
        bench_compose(&page, report);
    else
        compare_compose(&page, report);
    table_add(&page, report);
    allocators_add(&page, report);
    html_end(&page);
    FILE *file = fopen(path, "we");
    bool written = file && fwrite(page.data, 1, page.length, file) == page.length;
    if (file)
        written = fclose(file) == 0 && written;
    if (!written)
        message_print("cannot write %s: %s", path, strerror(errno));
    text_free(&page);
    return written;
}
