/* peak_rss.c - the most memory that is resident, beside the most bytes that a program asked for.
 *
 * python, redis and gcc replay what those programs did (bench/traces); `scale` copies of them take
 * turns. uniform fills a live set of `scale` * 64 MiB with blocks of 16..1024 bytes, and then replaces
 * each of them twice on average, in no order. All of every block is written. RSS is read, page by page,
 * a thousand times, and where most bytes are live.
 */
#define _GNU_SOURCE 1

#include "bench.h"
#include "common_memory.h"
#include "replay/trace.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { SCALE, SEED, PARAMETERS };
enum { READINGS = 1000, TURN_EVENTS = 256, MOST_SCALE = 1024 };
enum { LEAST_BYTES = 16, MOST_BYTES = 1024, UNIFORM_BYTES = 64 << 20, UNIFORM_REPLACED = 2 };

static struct bench_parameter p[PARAMETERS] = {
    {"scale", 1, 1, MOST_SCALE},
    {"seed", 1234567, 1, UINT64_MAX},
};
enum { UNIFORM = TRACES, WORDS };
static const char *words[WORDS];

static uint64_t baseline, peak, requested, peak_requested;

struct replay {
    struct trace_cursor cursor;
    void **block;
    uint32_t *bytes;
};

static void rss_read(void)
{
    uint64_t now = bench_rss_above(bench_rss_bytes(), baseline);
    peak = now > peak ? now : peak;
}

static void requested_change(uint64_t more, uint64_t less)
{
    requested += more - less;
    peak_requested = requested > peak_requested ? requested : peak_requested;
}

static void *block_fill(void *block, size_t bytes)
{
    return bytes ? bench_fill(block, bytes) : block;
}

static void event_do(struct replay *replay, const struct trace_event *event)
{
    void **place = &replay->block[event->block];
    requested_change(event->bytes, replay->bytes[event->block]);
    replay->bytes[event->block] = (uint32_t)event->bytes;
    switch (event->kind) {
    case TRACE_MALLOC: *place = malloc(event->bytes); break;
    case TRACE_CALLOC: *place = calloc(1, event->bytes); break;
    case TRACE_ALIGNED: *place = memalign(event->alignment, event->bytes); break;
    case TRACE_REALLOC: *place = realloc(*place, event->bytes); break;
    case TRACE_FREE: free(*place); return;
    }
    block_fill(*place, event->bytes);
}

/* One copy's turn, with a reading where its trace is at its peak; false at its end. */
static bool turn_take(struct replay *replay, const struct trace *trace)
{
    struct trace_event event;
    for (size_t i = 0; i < TURN_EVENTS; i++) {
        if (!trace_next(trace, &replay->cursor, &event))
            return false;
        event_do(replay, &event);
        if (replay->cursor.events == trace->peak_event)
            rss_read();
    }
    return true;
}

static void copies_run(struct replay *replay, const struct trace *trace)
{
    size_t turns_a_reading = trace->events / TURN_EVENTS / READINGS + 1;
    bool more = true;
    for (size_t turn = 0; more; turn++) {
        more = false;
        for (size_t i = 0; i < p[SCALE].value; i++)
            more |= turn_take(&replay[i], trace);
        if (turn % turns_a_reading == 0)
            rss_read();
    }
}

static void trace_replay(size_t index)
{
    struct trace trace;
    trace_open(&trace, index);
    struct replay *replay = bench_pages(p[SCALE].value * sizeof *replay);
    for (size_t i = 0; i < p[SCALE].value; i++) {
        replay[i].block = bench_pages(trace.blocks * sizeof(void *));
        replay[i].bytes = bench_pages(trace.blocks * sizeof(uint32_t));
    }
    baseline = bench_rss_bytes();
    copies_run(replay, &trace);
}

static void uniform_place(void **block, uint16_t *bytes, uint64_t random)
{
    size_t size = bench_between(random, LEAST_BYTES, MOST_BYTES);
    requested_change(size, *bytes);
    free(*block);
    *block = bench_fill(malloc(size), size);
    *bytes = (uint16_t)size;
}

static void uniform_run(void)
{
    size_t blocks = p[SCALE].value * UNIFORM_BYTES / ((LEAST_BYTES + MOST_BYTES) / 2);
    void **block = bench_pages(blocks * sizeof *block);
    uint16_t *bytes = bench_pages(blocks * sizeof *bytes);
    uint64_t random = p[SEED].value;
    baseline = bench_rss_bytes();
    for (size_t i = 0; i < blocks; i++)
        uniform_place(&block[i], &bytes[i], bench_random(&random));
    rss_read();
    bench_print("Filled over requested = %.3f\n", (double)peak / (double)requested);
    for (size_t i = 0; i < UNIFORM_REPLACED * blocks; i++) {
        size_t at = bench_between(bench_random(&random), 0, blocks - 1);
        uniform_place(&block[at], &bytes[at], bench_random(&random));
        if (i % (UNIFORM_REPLACED * blocks / READINGS + 1) == 0)
            rss_read();
    }
}

int main(int argc, char **argv)
{
    memcpy(words, trace_name, sizeof trace_name);
    words[UNIFORM] = "uniform";
    size_t scenario = bench_choice_read(&argc, argv, "scenario", words, WORDS);
    bench_parameters_read(argc, argv, p, PARAMETERS);
    if (!bench_quiet())
        bench_print_allocator();
    if (scenario == UNIFORM)
        uniform_run();
    else
        trace_replay(scenario);
    rss_read();

    bench_print_memory("Peak", peak);
    bench_print_memory("Requested", peak_requested);
    bench_print("Peak over requested = %.3f\n", (double)peak / (double)peak_requested);
    return 0;
}
