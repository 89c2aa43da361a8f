#include "pool/span.h"

#include "base/check.h"
#include "os/lock.h"

enum { FIT_TRIES = 64, MIXED_TRIES = 32 };

static struct superslab *from_link(superslab_link link)
{
    return link ? superslab_at(link - 1) : NULL;
}

static superslab_link to_link(size_t number)
{
    return (superslab_link)(number + 1);
}

static unsigned bin_of(size_t count)
{
    return bit_highest(count);
}

void span_mark(struct span span, enum superslab_kind kind)
{
    for (size_t i = 0; i < span.count; i++) {
        struct superslab *at = superslab_at(span.first + i);
        at->kind = (uint8_t)kind;
        at->from_first = (uint32_t)i;
    }
    superslab_at(span.first)->span = (uint32_t)span.count;
}

/* Writes what a free span's first and last records must say. */
static void mark_ends(struct span span, enum superslab_kind kind)
{
    struct superslab *first = superslab_at(span.first);
    struct superslab *last = superslab_at(span.first + span.count - 1);
    first->kind = last->kind = (uint8_t)kind;
    first->from_first = 0;
    last->from_first = (uint32_t)(span.count - 1);
    first->span = (uint32_t)span.count;
}

/* ---- the two lists of a span */

static void link_bin(struct span_set *set, struct span span)
{
    unsigned bin = bin_of(span.count);
    struct superslab *first = superslab_at(span.first);
    first->next = set->bins[bin];
    first->prev = 0;
    if (first->next)
        from_link(first->next)->prev = to_link(span.first);
    set->bins[bin] = to_link(span.first);
    set->occupied |= 1u << bin;
}

static void unlink_bin(struct span_set *set, struct span span)
{
    unsigned bin = bin_of(span.count);
    struct superslab *first = superslab_at(span.first);
    if (first->next)
        from_link(first->next)->prev = first->prev;
    if (first->prev)
        from_link(first->prev)->next = first->next;
    else
        set->bins[bin] = first->next;
    if (!set->bins[bin])
        set->occupied &= ~(1u << bin);
}

/* Into the order of age: nearly always at the newest end. */
static void link_age(struct span_set *set, size_t number)
{
    struct superslab *first = superslab_at(number);
    superslab_link older = set->newest;
    while (older && from_link(older)->since_ms > first->since_ms)
        older = from_link(older)->older;
    first->older = older;
    first->newer = older ? from_link(older)->newer : set->oldest;
    *(first->older ? &from_link(first->older)->newer : &set->oldest) = to_link(number);
    *(first->newer ? &from_link(first->newer)->older : &set->newest) = to_link(number);
}

static void unlink_age(struct span_set *set, size_t number)
{
    struct superslab *first = superslab_at(number);
    *(first->older ? &from_link(first->older)->newer : &set->oldest) = first->newer;
    *(first->newer ? &from_link(first->newer)->older : &set->newest) = first->older;
}

static void link_span(struct span_set *set, struct span span, uint64_t since_ms)
{
    mark_ends(span, set->kind);
    superslab_at(span.first)->since_ms = since_ms;
    link_bin(set, span);
    link_age(set, span.first);
    set->superslabs += span.count;
}

static void unlink_span(struct span_set *set, struct span span)
{
    CHECK(superslab_at(span.first)->kind == set->kind);
    unlink_bin(set, span);
    unlink_age(set, span.first);
    set->superslabs -= span.count;
}

/* ---- the set */

static struct span span_ending_before(struct span_set *set, size_t number)
{
    if (number == 0 || superslab_at(number - 1)->kind != set->kind)
        return (struct span){0, 0};
    size_t first = number - 1 - superslab_at(number - 1)->from_first;
    return (struct span){first, number - first};
}

static struct span span_beginning_at(struct span_set *set, size_t number)
{
    if (number >= superslab_count() || superslab_at(number)->kind != set->kind)
        return (struct span){0, 0};
    return (struct span){number, superslab_at(number)->span};
}

/* When a span of `count` and its neighbour became what they are, on average: so that frees beside an old
 * span neither keep it young for ever nor make it as old as it was. */
static uint64_t mean_ms(size_t count, uint64_t since_ms, struct span neighbour)
{
    return (since_ms * count + superslab_at(neighbour.first)->since_ms * neighbour.count) /
           (count + neighbour.count);
}

void span_insert(struct span_set *set, struct span span, uint64_t now_ms)
{
    struct span before = span_ending_before(set, span.first);
    struct span after = span_beginning_at(set, span.first + span.count);
    mark_ends(span, set->kind); /* its records may end up inside a longer span: they must not look shared */
    if (before.count) {
        now_ms = mean_ms(span.count, now_ms, before);
        unlink_span(set, before);
        span.first = before.first;
        span.count += before.count;
    }
    if (after.count) {
        now_ms = mean_ms(span.count, now_ms, after);
        unlink_span(set, after);
        span.count += after.count;
    }
    link_span(set, span, now_ms);
}

/* How many SuperSlabs at the span's beginning are in the way of the alignment. */
static size_t misaligned(struct span span, size_t align)
{
    size_t absolute = superslab_address(span.first) >> SUPERSLAB_LOG2;
    return align_up(absolute, align) - absolute;
}

static bool fits(struct span span, size_t count, size_t align)
{
    size_t skip = align > 1 ? misaligned(span, align) : 0;
    return span.count >= skip && span.count - skip >= count;
}

static bool is_better(struct span a, struct span b)
{
    return b.count == 0 || a.count < b.count || (a.count == b.count && a.first < b.first);
}

static struct span best_in_bin(struct span_set *set, unsigned bin, size_t count, size_t align)
{
    struct span best = {0, 0};
    int tries = 0;
    for (superslab_link at = set->bins[bin]; at && tries < FIT_TRIES; at = from_link(at)->next, tries++) {
        struct span span = {at - 1, from_link(at)->span};
        if (fits(span, count, align) && is_better(span, best))
            best = span;
    }
    return best;
}

/* Takes the middle of a span that is in the set; the ends stay, with their age. */
static void carve(struct span_set *set, struct span whole, struct span part)
{
    uint64_t since_ms = superslab_at(whole.first)->since_ms;
    struct span before = {whole.first, part.first - whole.first};
    struct span after = {part.first + part.count, whole.first + whole.count - part.first - part.count};
    unlink_span(set, whole);
    if (before.count)
        link_span(set, before, since_ms);
    if (after.count)
        link_span(set, after, since_ms);
}

struct span span_take(struct span_set *set, size_t count, size_t align)
{
    for (uint32_t bins = set->occupied & ~(uint32_t)bits_below(bin_of(count)); bins; bins &= bins - 1) {
        struct span whole = best_in_bin(set, bit_lowest(bins), count, align);
        if (!whole.count)
            continue;
        struct span part = {whole.first + (align > 1 ? misaligned(whole, align) : 0), count};
        carve(set, whole, part);
        return part;
    }
    return (struct span){0, 0};
}

/* The free SuperSlabs in a row, of either kind, that a warm span is among. */
static struct span free_row_around(struct span_set *warm, struct span_set *cold, struct span row)
{
    for (struct span next;;) {
        next = span_ending_before(cold, row.first);
        if (!next.count)
            next = span_ending_before(warm, row.first);
        if (!next.count)
            break;
        row = (struct span){next.first, row.count + next.count};
    }
    for (struct span next;;) {
        next = span_beginning_at(cold, row.first + row.count);
        if (!next.count)
            next = span_beginning_at(warm, row.first + row.count);
        if (!next.count)
            return row;
        row.count += next.count;
    }
}

static struct span overlap(struct span a, struct span b)
{
    size_t first = size_max(a.first, b.first);
    size_t end = size_min(a.first + a.count, b.first + b.count);
    return (struct span){first, end > first ? end - first : 0};
}

/* Takes a part of a row of free spans out of their sets. */
static void take_out(struct span_set *warm, struct span_set *cold, struct span row, struct span part)
{
    for (size_t at = row.first, next; at < row.first + row.count; at = next) {
        struct superslab *first = superslab_at(at);
        struct span whole = {at, first->span}, taken = overlap(whole, part);
        next = at + whole.count;
        if (taken.count)
            carve(first->kind == SUPERSLAB_WARM ? warm : cold, whole, taken);
    }
}

struct span span_take_mixed(struct span_set *warm, struct span_set *cold, size_t count)
{
    struct span best = {0, 0}, best_row = {0, 0};
    size_t best_warm = 0;
    int tries = 0;
    for (superslab_link at = warm->newest; at && tries < MIXED_TRIES; at = from_link(at)->older, tries++) {
        struct span core = {at - 1, from_link(at)->span};
        struct span row = free_row_around(warm, cold, core);
        if (row.count < count)
            continue;
        size_t last_start = row.first + row.count - count;
        struct span part = {size_min(core.first, last_start), count};
        size_t warm_count = overlap(core, part).count;
        if (warm_count > best_warm) {
            best_warm = warm_count;
            best = part;
            best_row = row;
        }
    }
    if (best.count)
        take_out(warm, cold, best_row, best);
    return best;
}

bool span_take_at(struct span_set *set, size_t first, size_t count)
{
    struct span whole = span_beginning_at(set, first);
    if (whole.count < count)
        return false;
    carve(set, whole, (struct span){first, count});
    return true;
}

struct span span_take_oldest(struct span_set *set, size_t most)
{
    if (!set->oldest)
        return (struct span){0, 0};
    struct span whole = {set->oldest - 1, from_link(set->oldest)->span};
    struct span part = {whole.first, size_min(whole.count, most)};
    carve(set, whole, part);
    return part;
}

uint64_t span_oldest_ms(const struct span_set *set)
{
    return set->oldest ? from_link(set->oldest)->since_ms : UINT64_MAX;
}

void span_make_busy(struct span span)
{
    span_mark(span, SUPERSLAB_BUSY);
    superslab_at(span.first)->holder = lock_self();
}
