/* bench.c - `hakmem bench`: the benchmark programs under every allocator, interleaved.
 *
 * Run 1 of a benchmark goes through all allocators, then run 2, each time starting with the next, so
 * that a machine that grows slower or warmer does not favour any.
 */
#define _GNU_SOURCE 1

#include "command.h"
#include "curves.h"
#include "locate.h"
#include "options.h"
#include "report.h"
#include "results.h"
#include "suite.h"
#include "table.h"
#include "text.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 5, RUNS_QUICK = 3, RUNS_MEMORY = 1, RUNS_MOST = 1000 };
static const double TIME_LIMIT_S = 120;

static struct {
    bool quick, all, list, memory, no_peers;
    unsigned long long runs, operations;
    const char *only, *json, *html, *svg, *markdown;
    struct text_list peers;
} asked;

static const struct option_spec options[] = {
    {"memory", OPTION_FLAG, &asked.memory, NULL,
     "memory over time, and what freed memory goes back by itself, instead of speed"},
    {"quick", OPTION_FLAG, &asked.quick, NULL, "fewer operations, three runs"},
    {"runs", OPTION_COUNT, &asked.runs, "N", "runs of each benchmark and allocator (5; with --memory 1)"},
    {"ops", OPTION_COUNT, &asked.operations, "N", "operations of each benchmark, for its own"},
    {"only", OPTION_TEXT, &asked.only, "A,B", "only these benchmarks"},
    {"list", OPTION_FLAG, &asked.list, NULL, "name the benchmarks and end"},
    {"peer", OPTION_LIST, &asked.peers, "NAME=FILE", "take this library too; may be repeated"},
    {"no-peers", OPTION_FLAG, &asked.no_peers, NULL,
     "leave out what is installed, but for the system's malloc"},
    {"all", OPTION_FLAG, &asked.all, NULL, "print wall and CPU time and page faults too"},
    {"json", OPTION_TEXT, &asked.json, "FILE", "write every figure there"},
    {"html", OPTION_TEXT, &asked.html, "FILE", "write a page with plots there"},
    {"svg", OPTION_TEXT, &asked.svg, "FILE", "draw speed and peak RSS, or memory over time, there"},
    {"markdown", OPTION_TEXT, &asked.markdown, "FILE", "write the tables there, and how they were made"},
};

static const struct command_spec command = {
    "bench",
    "[option…]",
    "Runs the benchmarks under HAKMEM, the system's malloc and every allocator found installed,\n"
    "and prints medians and how they compare with the best peer of each benchmark.",
    options,
    sizeof options / sizeof options[0],
};

struct bench_plan {
    const struct suite_case **row;
    size_t rows;
    char operations[24];  /* of --ops; "" without it */
    struct curves curves; /* of --memory */
};

/* Those that the command line names; false, having said so, when there is one that cannot be run. */
static bool plan_named(struct bench_plan *plan)
{
    for (const char *name = asked.only; name; name = strchr(name, ',')) {
        name += *name == ',';
        size_t length = strcspn(name, ",");
        const struct suite_case *found = suite_find(name, length);
        if (!found || plan->rows == suite_cases) {
            usage_error("bench", "there is no benchmark '%.*s' (--list names them)", (int)length, name);
            return false;
        }
        if (found->memory != asked.memory) {
            usage_error("bench", "'%s' is measured %s --memory", found->name,
                        found->memory ? "only with" : "without");
            return false;
        }
        plan->row[plan->rows++] = found;
    }
    return true;
}

/* All of the set; one that was not built, for want of a library, is left out and named. */
static void plan_all(struct bench_plan *plan)
{
    char path[PATH_BYTES];
    for (size_t i = 0; i < suite_cases; i++) {
        if (suite_case[i].memory != asked.memory)
            continue;
        if (asked.memory && !locate_benchmark(suite_case[i].program, path))
            message_print("%s is left out: %s was not built", suite_case[i].name, suite_case[i].program);
        else
            plan->row[plan->rows++] = &suite_case[i];
    }
}

static bool plan_make(struct bench_plan *plan)
{
    plan->row = memory_resize(NULL, suite_cases, sizeof *plan->row);
    plan->rows = 0;
    if (asked.operations)
        snprintf(plan->operations, sizeof plan->operations, "%llu", asked.operations);
    if (asked.memory && asked.operations) {
        usage_error("bench", "--ops does not go with --memory");
        return false;
    }
    if (asked.only)
        return plan_named(plan);
    plan_all(plan);
    return true;
}

/* exec wants strings it could write to, but does not write to them. */
static char *argument(const char *text)
{
    return (char *)(uintptr_t)text;
}

/* Fills the program's argument vector; the strings belong to the plan and the suite. */
static void arguments_fill(const struct bench_plan *plan, const struct suite_case *chosen, char *path,
                           char *argv[SUITE_ARGUMENTS + 2])
{
    bool quick = asked.quick && chosen->quick_arguments[0];
    const char *const *arguments = quick ? chosen->quick_arguments : chosen->arguments;
    argv[0] = path;
    for (int i = 0; i <= SUITE_ARGUMENTS; i++)
        argv[i + 1] = i < SUITE_ARGUMENTS ? argument(arguments[i]) : NULL;
    if (asked.quick && chosen->quick_operations)
        argv[1] = argument(chosen->quick_operations);
    if (*plan->operations && !chosen->fixed_operations && !chosen->memory)
        argv[1] = argument(plan->operations);
}

/* "Throughput = 123 ops/s" and "Memory = 12.3 KiB/thread" in what the program printed. */
static double figure_find(const char *output, const char *label, const char *unit)
{
    const char *found = strstr(output, label);
    char *end;
    if (!found)
        return (double)NAN;
    double value = strtod(found + strlen(label), &end);
    return strncmp(end, unit, strlen(unit)) == 0 ? value : (double)NAN;
}

/* Bytes above what was resident before the blocks. */
static double memory_find(const char *output, const char *label)
{
    return 1024 * figure_find(output, label, " KiB");
}

static void memory_store(const struct results *results, size_t row, size_t allocator, size_t run,
                         const char *output)
{
    results_values(results, row, allocator, METRIC_RSS)[run] = memory_find(output, "Peak = ");
    results_values(results, row, allocator, METRIC_FREED)[run] = memory_find(output, "After free = ");
    results_values(results, row, allocator, METRIC_IDLE)[run] = memory_find(output, "After idle = ");
}

static void run_store(const struct results *results, const struct bench_plan *plan, size_t row,
                      size_t allocator, size_t run, const struct process_result *process)
{
    results_store(results, row, allocator, run, process);
    if (!process_succeeded(process))
        return;
    if (plan->row[row]->memory)
        memory_store(results, row, allocator, run, process->output);
    else if (plan->row[row]->memory_a_thread)
        results_values(results, row, allocator,
                       METRIC_RSS)[run] = 1024 * figure_find(process->output, "Memory = ", " KiB/thread");
    else
        results_values(results, row, allocator, METRIC_OPS)[run] = figure_find(process->output,
                                                                               "Throughput = ", " ops/s");
}

static bool row_run_once(const struct results *results, const struct bench_plan *plan, size_t row,
                         size_t allocator, size_t run)
{
    char path[PATH_BYTES], *argv[SUITE_ARGUMENTS + 2];
    struct process_result process;
    const struct allocator *chosen = &results->allocators->item[allocator];
    if (!locate_benchmark(plan->row[row]->program, path)) {
        message_print("%s is neither beside this program nor in ../libexec/hakmem", plan->row[row]->program);
        return false;
    }
    arguments_fill(plan, plan->row[row], path, argv);
    progress_show("%s (%zu of %zu), run %zu of %zu, %s", plan->row[row]->name, row + 1, plan->rows, run + 1,
                  results->runs, chosen->name);
    struct process_request request = {
        .argv = argv,
        .preload = chosen->path,
        .quiet_benchmark = true,
        .time_limit_s = TIME_LIMIT_S,
        .curve = asked.memory ? curves_of(&plan->curves, row, allocator, run) : NULL,
    };
    if (!process_measure(&request, &process)) {
        message_print("cannot start a process: %m");
        return false;
    }
    run_store(results, plan, row, allocator, run, &process);
    return true;
}

static bool rows_run(const struct results *results, const struct bench_plan *plan)
{
    size_t allocators = results->allocators->count;
    for (size_t row = 0; row < plan->rows; row++) {
        results->row_name[row] = plan->row[row]->name;
        for (size_t run = 0; run < results->runs; run++) {
            for (size_t turn = 0; turn < allocators; turn++) {
                size_t allocator = (run + turn) % allocators;
                if (*results_failure(results, row, allocator))
                    continue;
                if (!row_run_once(results, plan, row, allocator, run))
                    return false;
            }
        }
    }
    progress_clear();
    return true;
}

static void memory_print(const struct results *results)
{
    table_print(results, METRIC_RSS);
    table_print(results, METRIC_FREED);
    table_print(results, METRIC_IDLE);
    table_print_failures(results);
    table_print_memory_verdict(results);
}

static void results_print(const struct results *results)
{
    table_print(results, METRIC_OPS);
    table_print(results, METRIC_RSS);
    if (asked.all) {
        table_print(results, METRIC_WALL);
        table_print(results, METRIC_CPU);
        table_print(results, METRIC_FAULTS);
    }
    table_print_failures(results);
    table_print_bench_verdict(results);
}

/* Writes what can be written, even when one of the files cannot. */
static bool reports_write(const struct results *results, const struct bench_plan *plan, char *const *argv)
{
    struct report report = {.results = results, .kind = REPORT_BENCH, .command = argv};
    if (asked.memory) {
        report.kind = REPORT_MEMORY;
        report.curve = curves_typical(&plan->curves);
    }
    bool written = !asked.json || report_write_json(&report, asked.json);
    written &= !asked.html || report_write_html(&report, asked.html);
    written &= !asked.svg || report_write_svg(&report, asked.svg);
    written &= !asked.markdown || report_write_markdown(&report, asked.markdown);
    return written;
}

static size_t runs_planned(void)
{
    if (asked.runs)
        return asked.runs < RUNS_MOST ? (size_t)asked.runs : RUNS_MOST;
    return asked.memory ? RUNS_MEMORY : asked.quick ? RUNS_QUICK : RUNS;
}

static int bench_all(const struct allocator_list *allocators, struct bench_plan *plan, char *const *argv)
{
    struct results results;
    results_start(&results, allocators, plan->rows, runs_planned());
    if (asked.memory)
        curves_start(&plan->curves, &results);
    process_prepare();
    if (!rows_run(&results, plan))
        return 1;
    if (asked.memory)
        memory_print(&results);
    else
        results_print(&results);
    if (!reports_write(&results, plan, argv))
        return 1;
    return results_hakmem_failed(&results) ? 1 : 0;
}

int command_bench(int argc, char **argv)
{
    struct bench_plan plan = {.row = NULL};
    struct allocator_list allocators = {NULL, 0};
    int status;
    int first = options_read(&command, argc, argv);
    if (first < 0)
        return first == OPTIONS_HELPED ? 0 : 2;
    if (first < argc)
        return usage_error("bench", "'%s' is no option", argv[first]);
    if (asked.list) {
        suite_print(asked.memory);
        return 0;
    }
    if (!plan_make(&plan))
        return 2;
    struct peer_request request = {asked.peers, asked.no_peers};
    if (!allocators_find("bench", &request, &allocators, &status))
        return status;
    allocators_print(&allocators);
    return bench_all(&allocators, &plan, argv);
}
