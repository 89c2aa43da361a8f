/* seed_markdown.c - the seed report as a document: the same sections, in the same order, as the page. */
#include "markup.h"
#include "report.h"
#include "seed.h"
#include "text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t allocators(const struct seed_report *report)
{
    return report->request->allocators->count;
}

static void cell_add(struct text *page, const char *text)
{
    text_add(page, " ");
    markup_add_cell(page, text);
    text_add(page, " |");
}

static void number_cell_add(struct text *page, double value, int decimals)
{
    if (isfinite(value))
        text_add(page, " %.*f |", decimals, value);
    else
        text_add(page, " - |");
}

/* A table whose columns are the allocators; the first names its rows. */
static void table_head_add(struct text *page, const struct seed_report *report, const char *first)
{
    text_add(page, "| %s |", first);
    for (size_t i = 0; i < allocators(report); i++)
        cell_add(page, report->request->allocators->item[i].name);
    text_add(page, "\n|---|");
    for (size_t i = 0; i < allocators(report); i++)
        text_add(page, "---:|");
    text_add(page, "\n");
}

static void throughput_add(struct text *page, const struct seed_report *report)
{
    text_add(page, "## Throughput\n\n| allocator | ops/s | 95 %% interval | times the fastest peer |\n"
                   "|---|---:|---:|---:|\n");
    for (size_t i = 0; i < allocators(report); i++) {
        char cell[RESULT_INTERVAL_BYTES];
        const double *values = results_values(&report->results, 0, i, METRIC_OPS);
        struct interval interval = stats_median_interval(values, report->results.runs, 0.95);
        text_add(page, "|");
        cell_add(page, report->request->allocators->item[i].name);
        number_cell_add(page, results_median(&report->results, 0, i, METRIC_OPS), 0);
        snprintf(cell, sizeof cell, interval.valid ? "%.0f to %.0f" : "-", interval.low, interval.high);
        cell_add(page, cell);
        number_cell_add(page, results_ratio(&report->results, 0, i, METRIC_OPS), 2);
        text_add(page, "\n");
    }
    text_add(page, "\n");
}

/* The calls of the loop by name, where any allocator makes one. */
static double loop_calls(const struct seed_figures *figures, const char *name)
{
    for (size_t i = 0; i < figures->calls; i++)
        if (strcmp(figures->call[i].name, name) == 0)
            return figures->call[i].loop;
    return figures->calls ? 0 : (double)NAN;
}

static bool is_new_call(const struct seed_report *report, size_t allocator, size_t call)
{
    const struct seed_figures *figures = &report->figures[allocator];
    for (size_t i = 0; i < allocator; i++)
        if (loop_calls(&report->figures[i], figures->call[call].name) > 0)
            return false;
    return figures->call[call].loop > 0 && strcmp(figures->call[call].name, "total") != 0;
}

static void call_row_add(struct text *page, const struct seed_report *report, const char *name)
{
    text_add(page, "| %s |", name);
    for (size_t i = 0; i < allocators(report); i++)
        number_cell_add(page, loop_calls(&report->figures[i], name), 0);
    text_add(page, "\n");
}

static void calls_add(struct text *page, const struct seed_report *report)
{
    text_add(page, "## System calls in the loop\n\nCounted in a run of its own, traced.\n\n");
    table_head_add(page, report, "call");
    for (size_t i = 0; i < allocators(report); i++)
        for (size_t j = 0; j < report->figures[i].calls; j++)
            if (is_new_call(report, i, j))
                call_row_add(page, report, report->figures[i].call[j].name);
    call_row_add(page, report, "total");
    text_add(page, "\n");
}

static void counters_add(struct text *page, const struct seed_report *report)
{
    const struct seed_figures *first = &report->figures[ALLOCATOR_HAKMEM];
    text_add(page, "## Hardware counters\n\n");
    if (first->counters == 0) {
        text_add(page, "Not available here: %s.\n\n", *first->no_counters ? first->no_counters : "no run");
        return;
    }
    text_add(page, "Of the loop, user mode, an operation; rates as such.\n\n");
    table_head_add(page, report, "counter");
    for (size_t i = 0; i < first->counters; i++) {
        text_add(page, "| %s |", first->counter[i].name);
        for (size_t j = 0; j < allocators(report); j++) {
            const struct seed_counter *counter = &report->figures[j].counter[i];
            bool there = i < report->figures[j].counters;
            double shown = isfinite(counter->each) ? counter->each : counter->value;
            number_cell_add(page, there ? shown : (double)NAN, 2);
        }
        text_add(page, "\n");
    }
    text_add(page, "\n");
}

static void memory_add(struct text *page, const struct seed_report *report)
{
    text_add(page, "## Page faults and memory\n\n");
    table_head_add(page, report, "");
    text_add(page, "| page faults in the loop |");
    for (size_t i = 0; i < allocators(report); i++)
        number_cell_add(page, report->figures[i].faults_loop, 0);
    text_add(page, "\n| page faults in the process |");
    for (size_t i = 0; i < allocators(report); i++)
        number_cell_add(page, report->figures[i].faults_process, 0);
    text_add(page, "\n| peak RSS, KiB |");
    for (size_t i = 0; i < allocators(report); i++)
        number_cell_add(page, report->figures[i].peak_rss_bytes / 1024, 0);
    text_add(page, "\n\n");
}

static void rates_add(struct text *page, const struct seed_figures *figures)
{
    text_add(page, "## Hit rates of HAKMEM\n\n| | hits | of |\n|---|---:|---:|\n");
    for (size_t i = 0; i < figures->rates; i++) {
        const struct seed_rate *rate = &figures->rate[i];
        if (isfinite(rate->percent))
            text_add(page, "| %s | %.2f %% | %.0f %s |\n", rate->name, rate->percent, rate->of, rate->unit);
        else
            text_add(page, "| %s | - | none asked for |\n", rate->name);
    }
    if (isfinite(figures->superslabs))
        text_add(page, "\nSuperSlabs mapped: %.0f.\n", figures->superslabs);
    text_add(page, "\n");
}

static void costs_add(struct text *page, const struct seed_report *report)
{
    text_add(page, "## What costs most\n\n");
    if (isfinite(report->loop_ops))
        text_add(page,
                 "The loop without an allocator makes %.0f operations a second: that much of the time is its "
                 "own.\n\n",
                 report->loop_ops);
    for (size_t i = 0; i < allocators(report); i++) {
        const struct seed_figures *figures = &report->figures[i];
        if (figures->costs == 0)
            continue;
        text_add(page, "%s:\n\n", report->request->allocators->item[i].name);
        for (size_t j = 0; j < figures->costs; j++)
            text_add(page, "%zu. %.1f %%, %.3f ms: %s\n", j + 1, figures->cost[j].percent,
                     figures->cost[j].ms, figures->cost[j].text);
        text_add(page, "\n");
    }
}

bool seed_write_markdown(const struct seed_report *report, const char *path)
{
    struct text page = {NULL, 0, 0};
    char *conditions = seed_conditions(report), *command = seed_command_line(report);
    text_add(&page, "# The seed report\n\n%s. Written by\n\n    %s\n\n", conditions, command);
    throughput_add(&page, report);
    calls_add(&page, report);
    counters_add(&page, report);
    memory_add(&page, report);
    rates_add(&page, &report->figures[ALLOCATOR_HAKMEM]);
    costs_add(&page, report);
    free(conditions);
    free(command);
    return report_write_text(&page, path);
}
