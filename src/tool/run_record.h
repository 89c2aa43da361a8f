/* run_record.h - what a running program's memory was, again and again, as seen from outside.
 *
 * A look is short: RSS, and the heap's totals. Now and then one is thorough, and tells all that
 * `hakmem explain` does; the thorough looks at the largest RSS seen, and the last, are kept. Looks come
 * farther apart the longer they take, so that they cost at most a tenth of a processor, and the longer
 * the run is, so that there are at most RUN_SAMPLES. */
#ifndef HAKMEM_TOOL_RUN_RECORD_H
#define HAKMEM_TOOL_RUN_RECORD_H

#include "reader/reader.h"

#include <jansson.h>
#include <sys/types.h>

enum { RUN_SAMPLES = 1500 };

/* NAN: not known. */
struct run_sample {
    double at_s, rss_bytes, live_bytes, free_bytes, cached_bytes, kept_bytes, metadata_bytes;
};

struct run_moment {
    double at_s, rss_bytes;
    json_t *explanation; /* NULL: there was no such look */
};

struct run_record {
    struct reader *reader;            /* NULL until the program's heap is there */
    char trouble[READER_ERROR_BYTES]; /* why there is none */
    struct run_sample sample[RUN_SAMPLES];
    size_t samples;
    double every_s;         /* between looks, at least */
    double thorough_next_s; /* when the next thorough look is due, */
    double thorough_soon_s; /* and from when on it is if the program has grown */
    struct run_moment peak;
    struct reader_snapshot *middle, *last; /* thorough looks; middle: from the first half of the time */
    double middle_at_s, last_at_s;
};

void run_record_start(struct run_record *record);

/* One look; how long to wait for the next. For struct watch. */
double run_record_look(void *record, pid_t program, double elapsed_s);

/* The last thorough look, as far as there was one. */
struct run_moment run_record_last(struct run_record *record);
void run_record_free(struct run_record *record);

#endif
