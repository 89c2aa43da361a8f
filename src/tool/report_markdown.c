/* report_markdown.c - the tables of a benchmark report as a document for the repository. */
#include "bars.h"
#include "markup.h"
#include "report.h"
#include "suite.h"

#include <math.h>
#include <string.h>

static void table_head_add(struct text *page, const struct results *results)
{
    text_add(page, "| |");
    for (size_t i = 0; i < results->allocators->count; i++) {
        text_add(page, " ");
        markup_add_cell(page, results->allocators->item[i].name);
        text_add(page, " |");
    }
    text_add(page, "\n|---|");
    for (size_t i = 0; i < results->allocators->count; i++)
        text_add(page, "---:|");
    text_add(page, "\n");
}

/* "98.3M (1.04×)"; a mean is its ratio alone. */
static void bar_cell_add(struct text *page, const struct bars *bars, size_t index, enum metric metric)
{
    const struct bar *bar = &bars->bar[index];
    const char *strong = bars_wins(bars, index, metric) ? "**" : "";
    if (!isfinite(bar->ratio))
        text_add(page, " %s |", *bar->note ? bar->note : "-");
    else if (*bar->value_text)
        text_add(page, " %s%s (%s)%s |", strong, bar->value_text, bar->note, strong);
    else
        text_add(page, " %s%s%s |", strong, bar->note, strong);
}

static void row_add(struct text *page, const char *name, const struct bars *bars, enum metric metric)
{
    text_add(page, "| ");
    markup_add_cell(page, name);
    text_add(page, " |");
    for (size_t i = 0; i < bars->count; i++)
        bar_cell_add(page, bars, i, metric);
    text_add(page, "\n");
}

static void metric_add(struct text *page, const struct results *results, enum metric metric,
                       const char *title, const char *about)
{
    struct bars bars;
    text_add(page, "## %s\n\n%s\n\n", title, about);
    table_head_add(page, results);
    for (size_t row = 0; row < results->rows; row++) {
        if (!bars_make(&bars, results, row, metric))
            continue;
        row_add(page, results->row_name[row], &bars, metric);
        bars_free(&bars);
    }
    if (bars_make_means(&bars, results, metric)) {
        row_add(page, "geometric mean", &bars, metric);
        bars_free(&bars);
    }
    text_add(page, "\n");
}

static void allocators_add(struct text *page, const struct allocator_list *list)
{
    text_add(page, "## Allocators\n\nAs preloaded, with the versions they give themselves.\n\n"
                   "| allocator | version | library |\n|---|---|---|\n");
    for (size_t i = 0; i < list->count; i++) {
        const char *cells[] = {list->item[i].name, *list->item[i].version ? list->item[i].version : "-",
                               list->item[i].path ? list->item[i].path : "the C library's own"};
        text_add(page, "|");
        for (size_t j = 0; j < sizeof cells / sizeof cells[0]; j++) {
            text_add(page, " ");
            markup_add_cell(page, cells[j]);
            text_add(page, " |");
        }
        text_add(page, "\n");
    }
    text_add(page, "\n");
}

static void benchmarks_add(struct text *page, const struct results *results)
{
    text_add(page, "## Benchmarks\n\n| benchmark | what it does |\n|---|---|\n");
    for (size_t row = 0; row < results->rows; row++) {
        const char *name = results->row_name[row];
        const struct suite_case *known = suite_find(name, strlen(name));
        text_add(page, "| %s | %s |\n", name, known ? known->about : "");
    }
}

static void bench_tables_add(struct text *page, const struct results *results)
{
    metric_add(page, results, METRIC_OPS, "Speed",
               "Operations a second, and times the fastest peer. More is better.");
    metric_add(page, results, METRIC_RSS, "Peak memory",
               "Peak RSS, and times the leanest peer. Less is better.");
    metric_add(page, results, METRIC_FAULTS, "Page faults",
               "Page faults, and times the peer with the fewest. Fewer is better.");
}

static void memory_tables_add(struct text *page, const struct results *results)
{
    metric_add(page, results, METRIC_RSS, "Peak memory",
               "RSS above what was resident before the blocks, and times the leanest peer. Less is better.");
    metric_add(page, results, METRIC_FREED, "After the frees", "The same, once all was freed.");
    metric_add(page, results, METRIC_IDLE, "After a while", "The same, after some seconds without a call.");
}

bool report_write_markdown(const struct report *report, const char *path)
{
    struct text page = {NULL, 0, 0};
    text_add(&page, "# Benchmark results\n\n");
    report_add_conditions(&page, report);
    text_add(&page, ". Written by\n\n    ");
    report_add_command(&page, report);
    text_add(&page, "\n\nThe best of each row is in bold.\n\n");
    if (report->kind == REPORT_MEMORY)
        memory_tables_add(&page, report->results);
    else
        bench_tables_add(&page, report->results);
    allocators_add(&page, report->results->allocators);
    benchmarks_add(&page, report->results);
    return report_write_text(&page, path);
}
