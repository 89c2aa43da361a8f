/* run_record.c - looks, and keeps what is worth keeping. */
#include "run_record.h"

#include "explain.h"
#include "sample.h"

#include <math.h>
#include <string.h>
#include <time.h>

static const double EVERY_FIRST_S = 0.004, EVERY_S = 0.05; /* between looks, at first and then */
static const double THOROUGH_EVERY_S = 0.5;
static const double COST = 10, THOROUGH_COST = 40,
                    GROWN_COST = 8; /* a look is followed by a pause so many times as long */
static const double PEAK_GROWTH = 1.02, THOROUGH_GROWTH = 1.1;

void run_record_start(struct run_record *record)
{
    memset(record, 0, sizeof *record);
    record->every_s = EVERY_FIRST_S;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Every second sample goes when there is no room, and from then on they are taken half as often. */
static struct run_sample *sample_new(struct run_record *record)
{
    if (record->samples == RUN_SAMPLES) {
        record->samples /= 2;
        for (size_t i = 0; i < record->samples; i++)
            record->sample[i] = record->sample[2 * i];
        record->every_s *= 2;
    }
    return &record->sample[record->samples++];
}

/* A program that runs another one in its place has a new heap: then the old one cannot be read. */
static struct reader_snapshot *snapshot_take(struct run_record *record, pid_t program, unsigned what)
{
    if (!record->reader)
        record->reader = reader_open_process((int)program, record->trouble);
    if (!record->reader)
        return NULL;
    struct reader_snapshot *snapshot = reader_snapshot(record->reader, what, record->trouble);
    if (!snapshot) {
        reader_close(record->reader);
        record->reader = NULL;
    }
    return snapshot;
}

static void sample_fill(struct run_sample *sample, const struct reader_snapshot *snapshot)
{
    double free_bytes = 0;
    for (size_t i = 0; i < snapshot->slab_count; i++)
        free_bytes += (double)snapshot->slabs[i].free_blocks *
                      (double)reader_class_bytes(snapshot->slabs[i].size_class);
    sample->live_bytes = (double)snapshot->stats.live_bytes;
    sample->free_bytes = free_bytes;
    sample->cached_bytes = (double)snapshot->stats.cached_bytes;
    sample->kept_bytes = (double)snapshot->stats.retained_bytes;
    sample->metadata_bytes = (double)snapshot->stats.metadata_bytes;
}

static json_t *explanation_make(struct reader_snapshot *snapshot, const struct reader_snapshot *before,
                                double seconds)
{
    struct reader_parts parts;
    struct reader_growth growth = {0};
    struct reader_advice advice;
    if (!reader_take_apart(snapshot, &parts))
        return NULL;
    if (before && seconds > 0)
        reader_growth_measure(before, snapshot, &growth);
    reader_advise(snapshot, &parts, &growth, &advice);
    struct explanation told = {snapshot, &parts, &growth, &advice};
    return explain_json(&told);
}

static void peak_keep(struct run_record *record, struct reader_snapshot *snapshot, double at_s,
                      double rss_bytes)
{
    if (rss_bytes <= record->peak.rss_bytes * PEAK_GROWTH)
        return;
    json_decref(record->peak.explanation);
    record->peak = (struct run_moment){at_s, rss_bytes, explanation_make(snapshot, NULL, 0)};
}

/* The look before moves to the middle once that one's time is less than half of the whole. */
static void last_keep(struct run_record *record, struct reader_snapshot *snapshot, double at_s)
{
    if (record->last && (!record->middle || at_s > 2 * record->middle_at_s)) {
        reader_snapshot_free(record->middle);
        record->middle = record->last;
        record->middle_at_s = record->last_at_s;
    } else {
        reader_snapshot_free(record->last);
    }
    record->last = snapshot;
    record->last_at_s = at_s;
}

static bool thorough_is_due(const struct run_record *record, double elapsed_s, double rss_bytes)
{
    bool grown = rss_bytes > record->peak.rss_bytes * THOROUGH_GROWTH;
    return elapsed_s >= record->thorough_next_s || (grown && elapsed_s >= record->thorough_soon_s);
}

static void thorough_keep(struct run_record *record, struct reader_snapshot *snapshot, double elapsed_s,
                          double rss_bytes, double cost_s)
{
    peak_keep(record, snapshot, elapsed_s, rss_bytes);
    last_keep(record, snapshot, elapsed_s);
    record->thorough_next_s = elapsed_s +
                              fmax(THOROUGH_EVERY_S * fmin(1, elapsed_s + 0.05), THOROUGH_COST * cost_s);
    record->thorough_soon_s = elapsed_s + GROWN_COST * cost_s;
}

double run_record_look(void *context, pid_t program, double elapsed_s)
{
    struct run_record *record = context;
    double start_s = now_s();
    double rss_bytes = sample_rss_bytes(program);
    bool thorough = thorough_is_due(record, elapsed_s, rss_bytes);
    struct reader_snapshot *snapshot = snapshot_take(record, program, thorough ? READER_ALL : READER_HEAP);
    double nothing = (double)NAN;
    struct run_sample sample = {elapsed_s, rss_bytes, nothing, nothing, nothing, nothing, nothing};
    if (snapshot)
        sample_fill(&sample, snapshot);
    if (rss_bytes > 0)
        *sample_new(record) = sample;
    if (snapshot && thorough)
        thorough_keep(record, snapshot, elapsed_s, rss_bytes, now_s() - start_s);
    else
        reader_snapshot_free(snapshot);
    double pause_s = fmax(record->every_s, COST * (now_s() - start_s));
    if (record->every_s < EVERY_S)
        record->every_s = fmin(record->every_s * 1.3, EVERY_S);
    return pause_s;
}

struct run_moment run_record_last(struct run_record *record)
{
    if (!record->last)
        return (struct run_moment){0, 0, NULL};
    double seconds = record->middle ? record->last_at_s - record->middle_at_s : 0;
    return (struct run_moment){record->last_at_s, (double)record->last->rss_bytes,
                               explanation_make(record->last, record->middle, seconds)};
}

void run_record_free(struct run_record *record)
{
    reader_snapshot_free(record->middle);
    reader_snapshot_free(record->last);
    reader_close(record->reader);
    json_decref(record->peak.explanation);
}
