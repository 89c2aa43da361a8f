#include "reader/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/cap.h"

enum {
    MATTERS_PERCENT = 15, /* of resident memory: below that a part is not worth a change */
    NOT_OURS_PERCENT = 45,
    GROWTH_PERMILLE_A_SECOND = 2, /* of live memory */
    TOP_CLASSES = 2,
};

#define MATTERS_BYTES ((uint64_t)4 << 20)
#define GROWTH_BYTES_A_SECOND ((double)(256 << 10))

static const char *const verdict_names[READER_VERDICTS] = {
    "well", "growth", "fragmentation", "idle_caches", "handover", "huge_pages", "retained", "not_ours",
};

const char *reader_verdict_name(enum reader_verdict verdict)
{
    return verdict_names[verdict];
}

/* ---- words */

static __attribute__((format(printf, 3, 4))) void add_text(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

#define SAY(advice, ...) add_text((advice)->text, sizeof(advice)->text, __VA_ARGS__)
#define KNOB(advice, ...) add_text((advice)->knob, sizeof(advice)->knob, __VA_ARGS__)

struct amount {
    char text[32];
};

static struct amount amount_of(uint64_t bytes)
{
    struct amount amount;
    double value = (double)bytes / 1024;
    const char *unit = "KiB";
    if (value >= 1024) {
        value /= 1024;
        unit = "MiB";
    }
    if (value >= 1024) {
        value /= 1024;
        unit = "GiB";
    }
    snprintf(amount.text, sizeof amount.text, value < 10 ? "%.1f %s" : "%.0f %s", value, unit);
    return amount;
}

#define AMOUNT(bytes) (amount_of(bytes).text)

static double share(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* ---- what there is of each kind */

struct scale {
    uint64_t rss_bytes;
    uint64_t waste[READER_VERDICTS];
};

static void weigh(const struct reader_snapshot *snapshot, const struct reader_parts *parts,
                  struct scale *scale)
{
    const uint64_t *bytes = parts->bytes;
    *scale = (struct scale){.rss_bytes = snapshot->rss_bytes ? snapshot->rss_bytes : parts->sum_bytes};
    scale->waste[VERDICT_FRAGMENTATION] = bytes[PART_PINNED] + bytes[PART_FREE_PAGES] -
                                          parts->behind_bytes[0] - parts->behind_bytes[1];
    scale->waste[VERDICT_IDLE_CACHES] = bytes[PART_FASTCACHES] + bytes[PART_CACHED_RUNS] +
                                        parts->behind_bytes[0];
    scale->waste[VERDICT_HANDOVER] = bytes[PART_MAGAZINES] + bytes[PART_DEPOT] + bytes[PART_PUBLISHED] +
                                     parts->behind_bytes[1];
    scale->waste[VERDICT_HUGE_PAGES] = bytes[PART_HUGE_PAGES];
    scale->waste[VERDICT_RETAINED] = bytes[PART_LRU] + bytes[PART_FREE_UNITS];
    scale->waste[VERDICT_NOT_OURS] = bytes[PART_STACKS] + bytes[PART_BRK] + bytes[PART_SHARED] +
                                     bytes[PART_ANONYMOUS];
}

static bool matters(const struct scale *scale, enum reader_verdict verdict)
{
    unsigned percent = verdict == VERDICT_NOT_OURS ? NOT_OURS_PERCENT : MATTERS_PERCENT;
    return scale->waste[verdict] >= MATTERS_BYTES &&
           scale->waste[verdict] >= scale->rss_bytes / 100 * percent;
}

static enum reader_verdict largest(const struct scale *scale)
{
    enum reader_verdict best = VERDICT_WELL;
    for (int v = VERDICT_FRAGMENTATION; v < READER_VERDICTS; v++)
        if (matters(scale, (enum reader_verdict)v) && scale->waste[v] > scale->waste[best])
            best = (enum reader_verdict)v;
    return best;
}

static uint64_t live_bytes(const struct reader_parts *parts)
{
    return parts->bytes[PART_LIVE_SLABS] + parts->bytes[PART_LIVE_RUNS] + parts->bytes[PART_LIVE_HUGE];
}

static bool grows(const struct reader_growth *growth, uint64_t live)
{
    return growth && growth->seconds > 0 &&
           (double)growth->live_bytes >= GROWTH_BYTES_A_SECOND * growth->seconds &&
           (double)growth->live_bytes >= (double)live / 1000 * GROWTH_PERMILLE_A_SECOND * growth->seconds;
}

/* ---- growth */

static void live_by_class(const struct reader_snapshot *snapshot, int64_t bytes[READER_CLASSES + 1])
{
    for (size_t i = 0; i < snapshot->slab_count; i++) {
        const struct reader_slab *slab = &snapshot->slabs[i];
        bytes[slab->size_class] += (int64_t)(reader_slab_live(slab) * reader_class_bytes(slab->size_class));
    }
    for (size_t i = 0; i < snapshot->run_count; i++)
        bytes[READER_CLASSES] += snapshot->runs[i].cached || snapshot->runs[i].guarded
                                     ? 0
                                     : (int64_t)snapshot->runs[i].units * READER_UNIT_BYTES;
    for (size_t i = 0; i < snapshot->huge_count; i++)
        bytes[READER_CLASSES] += (int64_t)(snapshot->huges[i].superslabs * reader_superslab_bytes(snapshot));
}

void reader_growth_measure(const struct reader_snapshot *before, const struct reader_snapshot *after,
                           struct reader_growth *growth)
{
    int64_t was[READER_CLASSES + 1] = {0}, is[READER_CLASSES + 1] = {0};
    live_by_class(before, was);
    live_by_class(after, is);
    *growth = (struct reader_growth){
        .seconds = (double)(after->taken_ms - before->taken_ms) / 1000,
        .rss_bytes = (int64_t)(after->rss_bytes - before->rss_bytes),
    };
    for (unsigned c = 0; c <= READER_CLASSES; c++) {
        growth->live_bytes += is[c] - was[c];
        if (is[c] - was[c] > growth->class_bytes) {
            growth->class_bytes = is[c] - was[c];
            growth->size_class = c;
        }
    }
}

/* ---- each verdict's words */

static void say_well(const struct reader_parts *parts, const struct scale *scale,
                     struct reader_advice *advice)
{
    uint64_t live = live_bytes(parts), files = parts->bytes[PART_FILES];
    if (live < files)
        SAY(advice,
            "All is well: %.0f %% of resident memory is program and library files; %s is live blocks. "
            "Nothing that "
            "HAKMEM keeps is large enough to matter.",
            share(files, scale->rss_bytes), AMOUNT(live));
    else
        SAY(advice,
            "All is well: %.0f %% of resident memory is blocks that the program holds. If that is too much, "
            "the program "
            "holds too much: watch whether it grows with 'hakmem explain --for 60'.",
            share(live, scale->rss_bytes));
}

static void say_class(char *text, size_t size, unsigned size_class)
{
    if (size_class < READER_CLASSES)
        snprintf(text, size, "%zu-byte blocks", reader_class_bytes(size_class));
    else
        snprintf(text, size, "blocks above 32 KiB");
}

static void say_growth(const struct reader_parts *parts, const struct scale *scale,
                       const struct reader_growth *growth, struct reader_advice *advice)
{
    char class[32];
    say_class(class, sizeof class, growth->size_class);
    SAY(advice,
        "Live memory grows by %s a second, %.0f %% of it %s: the program allocates and does not free. ",
        AMOUNT((uint64_t)((double)growth->live_bytes / growth->seconds)),
        share((uint64_t)growth->class_bytes, (uint64_t)growth->live_bytes), class);
    SAY(advice, "%.0f %% of resident memory is live; no setting of the allocator makes that less.",
        share(live_bytes(parts), scale->rss_bytes));
}

/* The classes with most free space among survivors. */
static void say_pinning_classes(const struct reader_parts *parts, struct reader_advice *advice)
{
    bool told[READER_CLASSES] = {false};
    uint64_t all = 0, live = 0, blocks = 0;
    for (unsigned c = 0; c < READER_CLASSES; c++)
        all += parts->classes[c].pinned_bytes + parts->classes[c].free_page_bytes;
    for (unsigned n = 0; n < TOP_CLASSES; n++) {
        unsigned best = 0;
        uint64_t most = 0;
        for (unsigned c = 0; c < READER_CLASSES; c++) {
            uint64_t bytes = parts->classes[c].pinned_bytes + parts->classes[c].free_page_bytes;
            if (!told[c] && bytes > most) {
                most = bytes;
                best = c;
            }
        }
        if (most < all / 10)
            break;
        told[best] = true;
        SAY(advice, "%s%zu-byte", n ? " and " : "", reader_class_bytes(best));
        live += parts->classes[best].live_blocks;
        blocks += parts->classes[best].blocks;
    }
    SAY(advice, " slabs, held by the %.1f %% of their blocks that survive", share(live, blocks));
}

static void say_fragmentation(const struct reader_snapshot *snapshot, const struct reader_parts *parts,
                              const struct scale *scale, struct reader_advice *advice)
{
    uint64_t pages = parts->bytes[PART_FREE_PAGES], pinned = parts->bytes[PART_PINNED];
    SAY(advice, "%.0f %% of resident memory is free space in ", share(pages + pinned, scale->rss_bytes));
    say_pinning_classes(parts, advice);
    SAY(advice, ": %s in whole free pages, %s on pages that a survivor pins. ", AMOUNT(pages),
        AMOUNT(pinned));
    uint32_t scavenger = 1;
    reader_option(snapshot, "scavenger", &scavenger);
    if (pages >= MATTERS_BYTES && pages >= pinned / 8) {
        advice->gain_bytes = pages;
        KNOB(advice, scavenger ? "hakmem_trim()" : "HAKMEM_SCAVENGER=1");
        SAY(advice, "%s gives the whole free pages back%s; ", advice->knob,
            scavenger ? " now, the scavenger in a while" : "");
    }
    SAY(advice,
        "%s pinned pages hold is reused when the program allocates such sizes, and only freeing the "
        "survivors "
        "gives it back.",
        advice->gain_bytes ? "what" : "What");
}

static size_t heaps_with_threads(const struct reader_snapshot *snapshot)
{
    size_t count = 0;
    for (size_t i = 0; i < snapshot->heap_count; i++)
        count += !snapshot->heaps[i].parked && !snapshot->heaps[i].commons;
    return count;
}

static void say_idle_caches(const struct reader_snapshot *snapshot, const struct reader_parts *parts,
                            const struct scale *scale, struct reader_advice *advice)
{
    uint64_t held = scale->waste[VERDICT_IDLE_CACHES];
    uint32_t cap = cap_choose(snapshot, &advice->gain_bytes);
    SAY(advice,
        "%.0f %% of resident memory is held by the FastCaches of %zu threads: %s of free blocks in them, and "
        "%s "
        "in slabs that only those blocks keep. ",
        share(held, scale->rss_bytes), heaps_with_threads(snapshot),
        AMOUNT(parts->bytes[PART_FASTCACHES] + parts->bytes[PART_CACHED_RUNS]),
        AMOUNT(parts->behind_bytes[0]));
    if (advice->gain_bytes < held / 10) {
        advice->gain_bytes = 0;
        SAY(advice, "Fewer threads, or threads that end when they have nothing to do, would hold less.");
        return;
    }
    KNOB(advice, "HAKMEM_FC_CAP=%u", cap);
    SAY(advice, "HAKMEM_FC_CAP=%u bounds each cache at %u blocks: about %s less, for more refills.", cap, cap,
        AMOUNT(advice->gain_bytes));
}

static void say_handover(const struct reader_snapshot *snapshot, const struct reader_parts *parts,
                         const struct scale *scale, struct reader_advice *advice)
{
    uint32_t direct = 1;
    uint64_t held = scale->waste[VERDICT_HANDOVER];
    reader_option(snapshot, "front_direct", &direct);
    SAY(advice,
        "%.0f %% of resident memory (%s) is blocks freed by other threads than those that allocate them, on "
        "their way "
        "back: %s in magazines, %s in the depot, %s published. ",
        share(held, scale->rss_bytes), AMOUNT(held), AMOUNT(parts->bytes[PART_MAGAZINES]),
        AMOUNT(parts->bytes[PART_DEPOT]), AMOUNT(parts->bytes[PART_PUBLISHED]));
    if (direct && parts->bytes[PART_DEPOT] > parts->bytes[PART_PUBLISHED]) {
        advice->gain_bytes = parts->bytes[PART_DEPOT];
        KNOB(advice, "HAKMEM_TINY_FRONT_DIRECT=0");
        SAY(advice, "HAKMEM_TINY_FRONT_DIRECT=0 lets threads that allocate take those of the depot first.");
    } else {
        advice->gain_bytes = held - parts->bytes[PART_MAGAZINES];
        KNOB(advice, "hakmem_trim()");
        SAY(advice,
            "Their threads take them in when they next run out of such blocks; hakmem_trim(), called when "
            "the "
            "program falls idle, does it at once: about %s.",
            AMOUNT(advice->gain_bytes));
    }
}

static void say_huge_pages(const struct reader_parts *parts, const struct scale *scale,
                           struct reader_advice *advice)
{
    advice->gain_bytes = parts->bytes[PART_HUGE_PAGES];
    KNOB(advice, "HAKMEM_THP=never");
    SAY(advice,
        "%.0f %% of resident memory (%s) holds nothing, and is there because the kernel backs the heap with "
        "huge pages "
        "of 2 MiB. HAKMEM_THP=never has it use small ones: about %s less, for more misses of the TLB.",
        share(advice->gain_bytes, scale->rss_bytes), AMOUNT(advice->gain_bytes), AMOUNT(advice->gain_bytes));
}

static void say_retained(const struct reader_snapshot *snapshot, const struct reader_parts *parts,
                         const struct scale *scale, struct reader_advice *advice)
{
    uint32_t size = 24;
    uint64_t lru = parts->bytes[PART_LRU], units = parts->bytes[PART_FREE_UNITS];
    reader_option(snapshot, "ss_lru_size", &size);
    SAY(advice, "%.0f %% of resident memory is empty and kept for reuse: %s in the LRU, %s in free units. ",
        share(lru + units, scale->rss_bytes), AMOUNT(lru), AMOUNT(units));
    advice->gain_bytes = lru >= units ? lru : lru + units;
    if (lru >= units && size > 0) {
        KNOB(advice, "HAKMEM_SS_LRU_SIZE=%u", size / 8);
        if (size / 8 * reader_superslab_bytes(snapshot) < lru)
            advice->gain_bytes = lru - size / 8 * reader_superslab_bytes(snapshot);
        SAY(advice,
            "HAKMEM_SS_LRU_SIZE=%u gives it back as it is freed: about %s less, for page faults when it is "
            "needed again.",
            size / 8, AMOUNT(advice->gain_bytes));
    } else {
        KNOB(advice, "hakmem_trim()");
        SAY(advice, "hakmem_trim(), called when the program falls idle, gives it back: about %s.",
            AMOUNT(advice->gain_bytes));
    }
}

static void say_not_ours(const struct reader_snapshot *snapshot, const struct reader_parts *parts,
                         const struct scale *scale, struct reader_advice *advice)
{
    const struct reader_mapping *top = NULL;
    for (size_t i = 0; i < snapshot->mapping_count; i++) {
        const struct reader_mapping *at = &snapshot->mappings[i];
        bool candidate = at->kind == READER_MAPPING_ANONYMOUS || at->kind == READER_MAPPING_SHARED ||
                         at->kind == READER_MAPPING_HEAP || at->kind == READER_MAPPING_STACK;
        if (candidate && (!top || at->rss_bytes > top->rss_bytes))
            top = at;
    }
    uint64_t bytes = scale->waste[VERDICT_NOT_OURS];
    SAY(advice,
        "%.0f %% of resident memory (%s) did not come from malloc: the program or a library mapped it "
        "itself. ",
        share(bytes, scale->rss_bytes), AMOUNT(bytes));
    if (top)
        SAY(advice, "The largest such mapping is %s at 0x%llx%s%s. ", AMOUNT(top->rss_bytes),
            (unsigned long long)top->start, *top->name ? ", " : "", top->name);
    SAY(advice, "HAKMEM serves %s of live blocks; no setting of it changes the rest.",
        AMOUNT(live_bytes(parts)));
}

void reader_advise(const struct reader_snapshot *snapshot, const struct reader_parts *parts,
                   const struct reader_growth *growth, struct reader_advice *advice)
{
    struct scale scale;
    weigh(snapshot, parts, &scale);
    *advice = (struct reader_advice){.verdict = largest(&scale)};
    bool growing = grows(growth, live_bytes(parts));
    if (growing && scale.waste[advice->verdict] < live_bytes(parts))
        advice->verdict = VERDICT_GROWTH;
    switch (advice->verdict) {
    case VERDICT_GROWTH: say_growth(parts, &scale, growth, advice); break;
    case VERDICT_FRAGMENTATION: say_fragmentation(snapshot, parts, &scale, advice); break;
    case VERDICT_IDLE_CACHES: say_idle_caches(snapshot, parts, &scale, advice); break;
    case VERDICT_HANDOVER: say_handover(snapshot, parts, &scale, advice); break;
    case VERDICT_HUGE_PAGES: say_huge_pages(parts, &scale, advice); break;
    case VERDICT_RETAINED: say_retained(snapshot, parts, &scale, advice); break;
    case VERDICT_NOT_OURS: say_not_ours(snapshot, parts, &scale, advice); break;
    default: say_well(parts, &scale, advice); break;
    }
}
