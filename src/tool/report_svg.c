/* report_svg.c - composes the picture of a benchmark report: speed and peak memory, or memory over
 * time. */
#include "bars.h"
#include "report.h"
#include "suite.h"
#include "svg.h"

#include <stdlib.h>
#include <string.h>

static size_t groups_make(struct svg_group *group, const struct results *results, enum metric metric)
{
    size_t groups = 0;
    if (results->rows > 1 && bars_make_means(&group[0].bars, results, metric)) {
        group[groups].title = "geometric mean";
        group[groups++].about = "of the ratios below";
    }
    for (size_t row = 0; row < results->rows; row++) {
        const char *name = results->row_name[row];
        const struct suite_case *known = suite_find(name, strlen(name));
        if (!bars_make(&group[groups].bars, results, row, metric))
            continue;
        group[groups].title = name;
        group[groups++].about = known ? known->about : "";
    }
    return groups;
}

static void panel_add(struct svg *svg, const struct results *results, enum metric metric,
                      struct svg_panel panel)
{
    struct svg_group *group = memory_resize(NULL, results->rows + 1, sizeof *group);
    panel.group = group;
    panel.groups = groups_make(group, results, metric);
    svg_add_panel(svg, &panel);
    for (size_t i = 0; i < panel.groups; i++)
        bars_free(&group[i].bars);
    free(group);
}

static void conditions_add(struct svg *svg, const struct report *report)
{
    const struct allocator_list *list = report->results->allocators;
    struct text line = {NULL, 0, 0};
    report_add_conditions(&line, report);
    svg_add_text(svg, line.data);
    text_free(&line);
    for (size_t i = 0; i < list->count; i++)
        text_add(&line, "%s%s%s%s", i ? ", " : "", list->item[i].name, *list->item[i].version ? " " : "",
                 list->item[i].version);
    svg_add_text(svg, line.data);
    text_free(&line);
}

static void peak_panel_add(struct svg *svg, const struct report *report)
{
    panel_add(
        svg, report->results, METRIC_RSS,
        (struct svg_panel){
            .title = "Peak memory",
            .about = "Peak RSS; 1.0 is the leanest peer (dark grey) of each benchmark. Shorter is better.",
            .limit = 2.5,
        });
}

static void bench_panels_add(struct svg *svg, const struct report *report)
{
    panel_add(svg, report->results, METRIC_OPS,
              (struct svg_panel){
                  .title = "Speed",
                  .about = "Operations a second; 1.0 is the fastest peer (dark grey) of each benchmark. "
                           "Longer is better.",
                  .limit = 2.5,
              });
    peak_panel_add(svg, report);
}

static void memory_plots_add(struct svg *svg, const struct report *report)
{
    const struct results *results = report->results;
    size_t allocators = results->allocators->count;
    struct svg_plots plots = {
        .title = "Memory over time",
        .about =
            "RSS of the whole process, with the benchmark's own arrays, in each allocator's typical run. "
            "Lower is better.",
        .plots = results->rows,
        .label = memory_resize(NULL, allocators, sizeof *plots.label),
        .labels = allocators,
    };
    struct svg_plot *plot = memory_resize(NULL, results->rows, sizeof *plot);
    plots.plot = plot;
    for (size_t i = 0; i < allocators; i++)
        plots.label[i] = results->allocators->item[i].name;
    for (size_t row = 0; row < results->rows; row++) {
        const char *name = results->row_name[row];
        const struct suite_case *known = suite_find(name, strlen(name));
        plot[row] = (struct svg_plot){name, known ? known->about : "", &report->curve[row * allocators]};
    }
    svg_add_plots(svg, &plots);
    free(plots.label);
    free(plot);
}

static void memory_panels_add(struct svg *svg, const struct report *report)
{
    memory_plots_add(svg, report);
    peak_panel_add(svg, report);
}

bool report_write_svg(const struct report *report, const char *path)
{
    const char *title = report->kind == REPORT_MEMORY ? "Memory of HAKMEM and other allocators"
                                                      : "HAKMEM beside other allocators";
    struct text page = {NULL, 0, 0};
    struct svg svg;
    svg_begin(&svg, title);
    conditions_add(&svg, report);
    if (report->kind == REPORT_MEMORY)
        memory_panels_add(&svg, report);
    else
        bench_panels_add(&svg, report);
    svg_end(&svg, title, &page);
    return report_write_text(&page, path);
}
