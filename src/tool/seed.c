/* seed.c - runs the seed benchmark: the loop alone in turns, then once more with everything counted. */
#define _GNU_SOURCE 1

#include "seed.h"

#include "locate.h"
#include "page.h"
#include "process.h"
#include "report.h"
#include "seed_costs.h"
#include "suite.h"
#include "table.h"
#include "text.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double TIME_LIMIT_S = 300;

/* exec wants strings it could write to, but does not write to them. */
static char *argument(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* Runs a program with the seed benchmark's arguments. */
static bool program_run(const struct seed_report *report, const char *program, const char *preload,
                        bool everything, struct process_result *process)
{
    const struct suite_case *chosen = suite_find("random_mixed", strlen("random_mixed"));
    char path[PATH_BYTES], *argv[SUITE_ARGUMENTS + 2] = {path};
    if (!locate_benchmark(program, path)) {
        message_print("%s is neither beside this program nor in ../libexec/hakmem", program);
        return false;
    }
    for (int i = 0; i < SUITE_ARGUMENTS && chosen->arguments[i]; i++)
        argv[i + 1] = argument(chosen->arguments[i]);
    if (*report->request->operations)
        argv[1] = argument(report->request->operations);
    struct process_request request = {.argv = argv,
                                      .preload = preload,
                                      .quiet_benchmark = !everything,
                                      .keep_output = everything,
                                      .time_limit_s = TIME_LIMIT_S};
    if (process_measure(&request, process))
        return true;
    message_print("cannot start a process: %m");
    return false;
}

/* Files the throughput, and of the run that tells everything the rest. */
static void run_store(struct seed_report *report, size_t allocator, size_t run, bool everything,
                      const struct process_result *process)
{
    struct seed_figures figures;
    if (!process_succeeded(process) || !everything)
        results_store(&report->results, 0, allocator, everything ? 0 : run, process);
    if (!process_succeeded(process) || !seed_parse(process->output, &figures))
        return;
    if (everything)
        report->figures[allocator] = figures;
    else
        results_values(&report->results, 0, allocator, METRIC_OPS)[run] = figures.throughput;
}

static bool allocator_run(struct seed_report *report, size_t allocator, size_t run)
{
    struct process_result process;
    bool everything = run == report->request->runs;
    if (*results_failure(&report->results, 0, allocator))
        return true;
    progress_show("run %zu of %zu, %s", run + 1, report->request->runs + 1,
                  report->request->allocators->item[allocator].name);
    if (!program_run(report, "bench_random_mixed_hakmem", report->request->allocators->item[allocator].path,
                     everything, &process))
        return false;
    run_store(report, allocator, run, everything, &process);
    return true;
}

/* The same loop without an allocator; NAN when it cannot be run. */
static double loop_run(const struct seed_report *report)
{
    struct process_result process;
    struct seed_figures figures = {.throughput = (double)NAN};
    if (program_run(report, "bench_none", NULL, false, &process) && process_succeeded(&process))
        seed_parse(process.output, &figures);
    return figures.throughput;
}

static bool round_run(struct seed_report *report, size_t run)
{
    size_t allocators = report->request->allocators->count;
    for (size_t turn = 0; turn < allocators; turn++)
        if (!allocator_run(report, (run + turn) % allocators, run))
            return false;
    return true;
}

static bool all_run(struct seed_report *report)
{
    size_t rounds = report->request->runs + 1;
    double *loop_ops = memory_resize(NULL, rounds, sizeof *loop_ops);
    bool ran = true;
    for (size_t run = 0; ran && run < rounds; run++) {
        loop_ops[run] = loop_run(report);
        ran = round_run(report, run);
    }
    progress_clear();
    report->loop_ops = ran ? stats_median(loop_ops, rounds) : (double)NAN;
    for (size_t i = 0; ran && i < report->request->allocators->count; i++)
        seed_costs_split(&report->figures[i], report->loop_ops);
    free(loop_ops);
    return ran;
}

static void costs_print(const struct seed_figures *figures)
{
    printf("\nWhat costs most under HAKMEM\n");
    for (size_t i = 0; i < figures->costs; i++)
        printf("  %zu. %5.1f %%  %9.3f ms  %s\n", i + 1, figures->cost[i].percent, figures->cost[i].ms,
               figures->cost[i].text);
}

char *seed_command_line(const struct seed_report *report)
{
    struct report words = {
        .results = &report->results, .kind = REPORT_BENCH, .command = report->request->command};
    struct text line = {NULL, 0, 0};
    report_add_command(&line, &words);
    return line.data;
}

char *seed_conditions(const struct seed_report *report)
{
    struct report words = {
        .results = &report->results, .kind = REPORT_BENCH, .command = report->request->command};
    struct text line = {NULL, 0, 0};
    text_add(&line, "random_mixed, %s; ", report->figures[ALLOCATOR_HAKMEM].parameters);
    report_add_conditions(&line, &words);
    return line.data;
}

int seed_report_make(const struct seed_request *request)
{
    struct seed_report report = {.request = request};
    results_start(&report.results, request->allocators, 1, request->runs);
    report.results.row_name[0] = "random_mixed";
    report.figures = memory_resize(NULL, request->allocators->count, sizeof *report.figures);
    for (size_t i = 0; i < request->allocators->count; i++)
        seed_parse("", &report.figures[i]);
    process_prepare();
    if (!all_run(&report))
        return 1;
    table_print(&report.results, METRIC_OPS);
    table_print_failures(&report.results);
    costs_print(&report.figures[ALLOCATOR_HAKMEM]);
    bool written = !request->html || seed_write_html(&report, request->html);
    written &= !request->markdown || seed_write_markdown(&report, request->markdown);
    free(report.figures);
    return written && !results_hakmem_failed(&report.results) ? 0 : 1;
}
