/* advice.h - what a snapshot's parts mean: the one thing that matters most, in words, and what would help.
 *
 * The judgement looks at parts of the resident memory that something can be done about, and takes the
 * largest, if it is large enough to matter. */
#ifndef HAKMEM_READER_ADVICE_H
#define HAKMEM_READER_ADVICE_H

#include "reader/parts.h"

enum reader_verdict {
    VERDICT_WELL,          /* most is live, or it is small */
    VERDICT_GROWTH,        /* live memory grew between two looks */
    VERDICT_FRAGMENTATION, /* free space among survivors */
    VERDICT_IDLE_CACHES,   /* FastCaches of threads hold much */
    VERDICT_HANDOVER,      /* blocks freed by other threads than those that allocate */
    VERDICT_HUGE_PAGES,    /* resident because of transparent huge pages */
    VERDICT_RETAINED,      /* empty SuperSlabs and units kept for reuse */
    VERDICT_NOT_OURS,      /* memory that did not come from malloc */
    READER_VERDICTS
};

enum { ADVICE_TEXT_BYTES = 640, ADVICE_KNOB_BYTES = 160 };

struct reader_advice {
    enum reader_verdict verdict;
    char text[ADVICE_TEXT_BYTES]; /* one or two sentences */
    char knob[ADVICE_KNOB_BYTES]; /* "HAKMEM_FC_CAP=32", "hakmem_trim()" …; "" : none would help */
    uint64_t gain_bytes;          /* about how much of the resident memory the knob would give back */
};

/* What changed since an earlier look at the same process. */
struct reader_growth {
    double seconds; /* 0: there was one look only */
    int64_t live_bytes, rss_bytes;
    unsigned size_class; /* that grew most; READER_CLASSES: runs and huge blocks did */
    int64_t class_bytes;
};

void reader_growth_measure(const struct reader_snapshot *before, const struct reader_snapshot *after,
                           struct reader_growth *growth);

/* growth may be NULL. */
void reader_advise(const struct reader_snapshot *snapshot, const struct reader_parts *parts,
                   const struct reader_growth *growth, struct reader_advice *advice);

/* "fragmentation". */
const char *reader_verdict_name(enum reader_verdict verdict);

#endif
