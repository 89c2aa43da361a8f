/* seed_parse.c - line by line; a headline says what the indented lines after it are. */
#include "seed_parse.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum section { SECTION_NONE, SECTION_COUNTERS, SECTION_RATES, SECTION_CALLS, SECTION_COSTS };
enum { LINE_BYTES = 256, NAME_WIDTH = 18, INDENT = 2 };

static void text_keep(char *to, size_t size, const char *from, size_t length)
{
    snprintf(to, size, "%.*s", (int)length, from);
    for (length = strlen(to); length > 0 && to[length - 1] == ' '; length--)
        to[length - 1] = '\0';
}

/* What is in the parentheses at the end of the line. */
static void reason_keep(char reason[SEED_TEXT_BYTES], const char *line)
{
    const char *open = strchr(line, '('), *close = strrchr(line, ')');
    if (open && close && close > open)
        text_keep(reason, SEED_TEXT_BYTES, open + 1, (size_t)(close - open - 1));
}

/* Names have a column of their own, for they may have spaces in them. Where the numbers begin. */
static const char *name_keep(char name[SEED_NAME_BYTES], const char *line)
{
    size_t length = strlen(line);
    size_t width = length < INDENT + NAME_WIDTH ? length - INDENT : NAME_WIDTH;
    text_keep(name, SEED_NAME_BYTES, line + INDENT, width);
    return line + INDENT + width;
}

static void counter_read(struct seed_figures *figures, const char *line)
{
    if (figures->counters == SEED_COUNTERS)
        return;
    struct seed_counter *counter = &figures->counter[figures->counters++];
    const char *rest = name_keep(counter->name, line);
    counter->value = counter->each = (double)NAN;
    sscanf(rest, "%lf %lf", &counter->value, &counter->each);
}

static void rate_read(struct seed_figures *figures, const char *line)
{
    if (figures->rates == SEED_RATES)
        return;
    struct seed_rate *rate = &figures->rate[figures->rates++];
    const char *rest = name_keep(rate->name, line);
    rate->percent = rate->of = (double)NAN;
    rate->unit[0] = '\0';
    sscanf(rest, "%lf %% of %lf %31s", &rate->percent, &rate->of, rate->unit);
}

static void call_read(struct seed_figures *figures, const char *line)
{
    struct seed_call call;
    if (figures->calls == SEED_CALLS || line[INDENT] == '(')
        return;
    const char *rest = name_keep(call.name, line);
    if (sscanf(rest, "%lf %lf %lf %lf", &call.loop, &call.loop_us, &call.process, &call.process_us) == 4)
        figures->call[figures->calls++] = call;
}

static void cost_read(struct seed_figures *figures, const char *line)
{
    struct seed_cost cost;
    int text_at = 0;
    if (figures->costs < SEED_COSTS &&
        sscanf(line, " %*d. %lf %% %lf ms %n", &cost.percent, &cost.ms, &text_at) == 2 && text_at > 0) {
        text_keep(cost.text, sizeof cost.text, line + text_at, strlen(line + text_at));
        figures->cost[figures->costs++] = cost;
    }
}

static void throughput_read(struct seed_figures *figures, const char *line)
{
    const char *open = strchr(line, '['), *close = strchr(line, ']');
    if (sscanf(line, "Throughput = %lf", &figures->throughput) == 1 && open && close > open)
        text_keep(figures->parameters, sizeof figures->parameters, open + 1, (size_t)(close - open - 1));
}

/* A headline: its own figures, and what follows it. */
static enum section headline_read(struct seed_figures *figures, const char *line)
{
    throughput_read(figures, line);
    sscanf(line, "Page faults: %lf in the loop, %lf in the process", &figures->faults_loop,
           &figures->faults_process);
    if (sscanf(line, "Peak RSS: %lf KiB", &figures->peak_rss_bytes) == 1)
        figures->peak_rss_bytes *= 1024;
    sscanf(line, "SuperSlabs mapped: %lf", &figures->superslabs);
    if (strncmp(line, "Hardware counters: not", 22) == 0)
        reason_keep(figures->no_counters, line);
    else if (strncmp(line, "Hardware counters", 17) == 0)
        return SECTION_COUNTERS;
    if (strncmp(line, "System calls: not", 17) == 0)
        reason_keep(figures->no_calls, line);
    else if (strncmp(line, "System calls", 12) == 0)
        return SECTION_CALLS;
    if (strncmp(line, "Hit rates", 9) == 0)
        return SECTION_RATES;
    return strncmp(line, "What costs most", 15) == 0 ? SECTION_COSTS : SECTION_NONE;
}

static void detail_read(struct seed_figures *figures, const char *line, enum section section)
{
    switch (section) {
    case SECTION_COUNTERS: counter_read(figures, line); break;
    case SECTION_RATES: rate_read(figures, line); break;
    case SECTION_CALLS: call_read(figures, line); break;
    case SECTION_COSTS: cost_read(figures, line); break;
    case SECTION_NONE: break;
    }
}

bool seed_parse(const char *output, struct seed_figures *figures)
{
    enum section section = SECTION_NONE;
    char line[LINE_BYTES];
    memset(figures, 0, sizeof *figures);
    figures->throughput = figures->faults_loop = figures->faults_process = (double)NAN;
    figures->peak_rss_bytes = figures->superslabs = (double)NAN;
    while (*output) {
        size_t length = strcspn(output, "\n");
        text_keep(line, sizeof line, output, length);
        if (line[0] != ' ')
            section = headline_read(figures, line);
        else if (strlen(line) > INDENT)
            detail_read(figures, line, section);
        output += length + (output[length] == '\n');
    }
    return isfinite(figures->throughput);
}
