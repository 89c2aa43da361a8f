/* compare.c - `hakmem compare`: one command of the user's under every allocator, interleaved. */
#define _GNU_SOURCE 1

#include "command.h"
#include "curves.h"
#include "options.h"
#include "report.h"
#include "results.h"
#include "table.h"
#include "text.h"
#include "verdict.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { RUNS = 9, RUNS_MOST = 1000, STATUS_NOT_EXECUTABLE = 126, STATUS_NOT_FOUND = 127 };

static struct {
    bool no_peers;
    unsigned long long runs;
    const char *json, *html;
    struct text_list peers;
} asked;

static const struct option_spec options[] = {
    {"runs", OPTION_COUNT, &asked.runs, "N", "runs under each allocator (9)"},
    {"peer", OPTION_LIST, &asked.peers, "NAME=FILE", "take this library too; may be repeated"},
    {"no-peers", OPTION_FLAG, &asked.no_peers, NULL,
     "leave out what is installed, but for the system's malloc"},
    {"json", OPTION_TEXT, &asked.json, "FILE", "write every figure there"},
    {"html", OPTION_TEXT, &asked.html, "FILE", "write a page with plots there"},
};

static const struct command_spec command = {
    "compare",
    "[option…] [--] PROGRAM [argument…]",
    "Runs a program under HAKMEM, the system's malloc and every allocator found installed, in\n"
    "turns, and compares time, memory and page faults. Its input and output are /dev/null. The\n"
    "status is 1 when the program failed under any of them.",
    options,
    sizeof options / sizeof options[0],
};

struct comparison_run {
    struct results results;
    struct curves curves;
    bool *library_seen; /* [allocator]: in the memory map of some run */
    int exec_error;
};

static bool run_once(struct comparison_run *all, char *const *argv, size_t allocator, size_t run)
{
    struct process_result process;
    const struct allocator *chosen = &all->results.allocators->item[allocator];
    progress_show("run %zu of %zu, %s", run + 1, all->results.runs, chosen->name);
    struct process_request request = {
        .argv = argv,
        .preload = chosen->path,
        .curve = curves_of(&all->curves, 0, allocator, run),
        .look_for_library = chosen->path && !all->library_seen[allocator],
    };
    if (!process_measure(&request, &process)) {
        message_print("cannot start a process: %m");
        return false;
    }
    results_store(&all->results, 0, allocator, run, &process);
    all->library_seen[allocator] |= process.library_seen;
    all->exec_error = process.exec_error;
    return process.exec_error == 0;
}

static bool runs_do(struct comparison_run *all, char *const *argv)
{
    size_t allocators = all->results.allocators->count;
    for (size_t run = 0; run < all->results.runs; run++) {
        for (size_t turn = 0; turn < allocators; turn++) {
            size_t allocator = (run + turn) % allocators;
            if (*results_failure(&all->results, 0, allocator))
                continue;
            if (!run_once(all, argv, allocator, run))
                return false;
        }
    }
    progress_clear();
    return true;
}

/* A static or privileged program ignores LD_PRELOAD: then the figures say nothing. */
static void unseen_libraries_print(const struct comparison_run *all)
{
    for (size_t i = 0; i < all->results.allocators->count; i++)
        if (all->results.allocators->item[i].path && !all->library_seen[i] &&
            !*results_failure(&all->results, 0, i))
            message_print("%s was not seen in the program: it is too short to be looked at, or "
                          "static or privileged, and then runs on its own malloc",
                          all->results.allocators->item[i].name);
}

static bool any_failed(const struct results *results)
{
    bool failed = false;
    for (size_t i = 0; i < results->allocators->count; i++)
        failed |= *results_failure(results, 0, i) != '\0';
    return failed;
}

static bool reports_write(const struct comparison_run *all, char *const *argv, const char *verdict)
{
    struct report report = {
        .results = &all->results,
        .kind = REPORT_COMPARE,
        .command = argv,
        .curve = curves_typical(&all->curves),
        .verdict = verdict,
    };
    return (!asked.json || report_write_json(&report, asked.json)) &&
           (!asked.html || report_write_html(&report, asked.html));
}

static int compare_all(const struct allocator_list *allocators, char *const *argv)
{
    struct comparison_run all = {.exec_error = 0};
    struct text verdict = {NULL, 0, 0};
    size_t runs = asked.runs ? (size_t)asked.runs : RUNS;
    results_start(&all.results, allocators, 1, runs < RUNS_MOST ? runs : RUNS_MOST);
    all.results.row_name[0] = argv[0];
    curves_start(&all.curves, &all.results);
    all.library_seen = memory_resize(NULL, allocators->count, sizeof *all.library_seen);
    memset(all.library_seen, 0, allocators->count * sizeof *all.library_seen);
    process_prepare();
    if (!runs_do(&all, argv)) {
        if (!all.exec_error)
            return 1;
        message_print("cannot run '%s': %s", argv[0], strerror(all.exec_error));
        return all.exec_error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE;
    }
    unseen_libraries_print(&all);
    table_print_compare(&all.results);
    table_print_failures(&all.results);
    verdict_write(&all.results, &verdict);
    puts(verdict.data);
    if (!reports_write(&all, argv, verdict.data))
        return 1;
    return any_failed(&all.results) ? 1 : 0;
}

int command_compare(int argc, char **argv)
{
    struct allocator_list allocators = {NULL, 0};
    int status;
    int first = options_read(&command, argc, argv);
    if (first < 0)
        return first == OPTIONS_HELPED ? 0 : 2;
    if (first >= argc)
        return usage_error("compare", "a program to run is missing");
    struct peer_request request = {asked.peers, asked.no_peers};
    if (!allocators_find("compare", &request, &allocators, &status))
        return status;
    allocators_print(&allocators);
    return compare_all(&allocators, argv + first);
}
