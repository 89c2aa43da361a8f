/* pool/span.c: a set of free spans against a model that knows each SuperSlab.
 *
 * The records used are those of a window that the pool never heard of. */
#include "unit/unit.h"

#include "base/bits.h"
#include "pool/span.h"

enum { SUPERSLABS = 60, STEPS = UNIT_SANITIZED ? 4000 : 20000 };

/* What the model knows of a SuperSlab; `since_ms` is that of its whole span. */
struct place {
    bool free;
    uint64_t since_ms;
};

static struct span_set set = {.kind = SUPERSLAB_WARM};
static struct place places[SUPERSLABS];
static size_t first_number; /* of the window */
static uint64_t now_ms;

static void map_window(void)
{
    size_t first, count;
    EXPECT(region_claim());
    EXPECT(region_grow((SUPERSLABS + 1) * SUPERSLAB_UNITS, &first, &count));
    first_number = (first + SUPERSLAB_UNITS - 1) >> SUPERSLAB_UNITS_LOG2;
}

/* The maximal free span at `at`; count 0 when none begins there. */
static struct span model_span(size_t at)
{
    size_t end = at;
    if (at > 0 && places[at - 1].free)
        return (struct span){at, 0};
    while (end < SUPERSLABS && places[end].free)
        end++;
    return (struct span){at, end - at};
}

static size_t model_free(void)
{
    size_t n = 0;
    for (int i = 0; i < SUPERSLABS; i++)
        n += places[i].free;
    return n;
}

static uint64_t model_oldest_ms(void)
{
    uint64_t oldest = UINT64_MAX;
    for (size_t i = 0; i < SUPERSLABS; i++)
        if (model_span(i).count && places[i].since_ms < oldest)
            oldest = places[i].since_ms;
    return oldest;
}

static void model_set_free(struct span span, bool free)
{
    for (size_t i = span.first; i < span.first + span.count; i++) {
        EXPECT(places[i].free != free);
        places[i].free = free;
    }
}

/* The lists of the set hold the model's spans and no others, each with ends that say so. */
static void verify(void)
{
    size_t spans = 0, listed = 0, aged = 0;
    uint64_t age = 0;
    for (size_t i = 0; i < SUPERSLABS; i++) {
        struct span span = model_span(i);
        if (!span.count)
            continue;
        const struct superslab *first = superslab_at(first_number + i);
        EXPECT(first->kind == SUPERSLAB_WARM && first->span == span.count && first->from_first == 0);
        EXPECT(first->since_ms == places[i].since_ms);
        EXPECT(superslab_at(first_number + i + span.count - 1)->from_first == span.count - 1);
        spans++;
    }
    for (int bin = 0; bin < SPAN_BINS; bin++) {
        EXPECT(((set.occupied >> bin) & 1) == (set.bins[bin] != 0));
        for (superslab_link at = set.bins[bin]; at; at = superslab_at(at - 1)->next, listed++)
            EXPECT(bit_highest(superslab_at(at - 1)->span) == (unsigned)bin);
    }
    for (superslab_link at = set.oldest; at; at = superslab_at(at - 1)->newer, aged++) {
        EXPECT(superslab_at(at - 1)->since_ms >= age);
        age = superslab_at(at - 1)->since_ms;
    }
    EXPECT(listed == spans && aged == spans);
    EXPECT(set.superslabs == model_free());
    EXPECT(span_oldest_ms(&set) == model_oldest_ms());
}

static uint64_t mean_ms(uint64_t count, uint64_t since_ms, uint64_t other_count, uint64_t other_ms)
{
    return (count * since_ms + other_count * other_ms) / (count + other_count);
}

static void insert(uint64_t *random)
{
    size_t at = random_below(random, SUPERSLABS), count = 0, most = 1 + random_below(random, 12);
    while (count < most && at + count < SUPERSLABS && !places[at + count].free)
        count++;
    if (!count)
        return;
    now_ms += random_below(random, 3);
    struct span span = {at, count};
    superslab_at(first_number + at)->kind = SUPERSLAB_BUSY;
    span_insert(&set, (struct span){first_number + at, count}, now_ms);
    model_set_free(span, true);
    uint64_t since_ms = now_ms;
    size_t first = at, end = at + count;
    for (; first > 0 && places[first - 1].free; first--)
        continue;
    if (first < at)
        since_ms = mean_ms(count, since_ms, at - first, places[first].since_ms);
    size_t behind = end;
    for (; end < SUPERSLABS && places[end].free; end++)
        continue;
    if (end > behind)
        since_ms = mean_ms(behind - first, since_ms, end - behind, places[behind].since_ms);
    for (size_t i = first; i < end; i++)
        places[i].since_ms = since_ms;
}

/* What was taken is no longer the set's. */
static struct span taken(struct span span)
{
    span.first -= first_number;
    EXPECT(span.first + span.count <= SUPERSLABS);
    model_set_free(span, false);
    for (size_t i = 0; i < span.count; i++)
        superslab_at(first_number + span.first + i)->kind = SUPERSLAB_BUSY;
    return span;
}

static size_t misaligned(size_t at, size_t align)
{
    size_t absolute = superslab_address(first_number + at) >> SUPERSLAB_LOG2;
    return align_up(absolute, align) - absolute;
}

static bool fits(struct span span, size_t count, size_t align)
{
    return span.count >= misaligned(span.first, align) + count;
}

/* The span that fits best by the model: the shortest, then the lowest, of the shortest lengths' doubling. */
static struct span model_best(size_t count, size_t align)
{
    struct span best = {0, 0};
    for (size_t i = 0; i < SUPERSLABS; i++) {
        struct span span = model_span(i);
        if (span.count && fits(span, count, align) && (!best.count || span.count < best.count))
            best = span;
    }
    return best;
}

static void take(uint64_t *random)
{
    size_t count = 1 + random_below(random, random_below(random, 4) ? 4 : SUPERSLABS);
    size_t align = (size_t)1 << (random_below(random, 3) ? 0 : random_below(random, 5));
    struct span best = model_best(count, align);
    struct span span = span_take(&set, count, align);
    EXPECT((span.count != 0) == (best.count != 0));
    if (!span.count)
        return;
    span = taken(span);
    EXPECT(span.count == count && span.first == best.first + misaligned(best.first, align));
    EXPECT(superslab_address(first_number + span.first) % (align << SUPERSLAB_LOG2) == 0);
}

static void take_at(uint64_t *random)
{
    size_t at = random_below(random, SUPERSLABS), count = 1 + random_below(random, 6);
    if (at > 0 && places[at - 1].free)
        return; /* only asked behind what is in use: records inside a free span are not kept up */
    bool expected = model_span(at).count >= count;
    EXPECT(span_take_at(&set, first_number + at, count) == expected);
    if (expected)
        taken((struct span){first_number + at, count});
}

static void take_oldest(uint64_t *random)
{
    size_t most = 1 + random_below(random, 8);
    uint64_t oldest_ms = model_oldest_ms();
    struct span span = span_take_oldest(&set, most);
    EXPECT((span.count == 0) == (oldest_ms == UINT64_MAX));
    if (!span.count)
        return;
    size_t at = span.first - first_number;
    EXPECT(places[at].since_ms == oldest_ms);
    EXPECT(span.count == size_min(model_span(at).count, most));
    taken(span);
}

ISOLATED(histories_agree_with_the_model)
{
    uint64_t random = unit_random(1);
    map_window();
    verify();
    for (int i = 0; i < STEPS; i++) {
        switch (random_below(&random, 8)) {
        case 0: take_at(&random); break;
        case 1: take_oldest(&random); break;
        case 2:
        case 3: take(&random); break;
        default: insert(&random); break;
        }
        verify();
    }
}

ISOLATED(neighbours_become_one_span)
{
    map_window();
    span_insert(&set, (struct span){first_number, 2}, 1);
    span_insert(&set, (struct span){first_number + 4, 2}, 2);
    span_insert(&set, (struct span){first_number + 2, 2}, 3);
    EXPECT(set.superslabs == 6);
    EXPECT(span_oldest_ms(&set) == 2);
    struct span span = span_take(&set, 6, 1);
    EXPECT(span.first == first_number && span.count == 6);
    EXPECT(set.superslabs == 0 && set.occupied == 0 && span_oldest_ms(&set) == UINT64_MAX);
}

ISOLATED(neighbours_of_another_kind_stay_apart)
{
    struct span_set cold = {.kind = SUPERSLAB_COLD};
    map_window();
    span_insert(&set, (struct span){first_number, 2}, 1);
    span_insert(&cold, (struct span){first_number + 2, 2}, 1);
    EXPECT(span_take(&set, 3, 1).count == 0);
    EXPECT(span_take(&cold, 3, 1).count == 0);
    EXPECT(!span_take_at(&set, first_number + 2, 1));
    EXPECT(span_take_at(&cold, first_number + 2, 2));
}

ISOLATED(marking_writes_every_record)
{
    map_window();
    span_mark((struct span){first_number, 5}, SUPERSLAB_HUGE);
    for (size_t i = 0; i < 5; i++) {
        EXPECT(superslab_at(first_number + i)->kind == SUPERSLAB_HUGE);
        EXPECT(superslab_at(first_number + i)->from_first == i);
    }
    EXPECT(superslab_span(superslab_at(first_number)) == 5);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(histories_agree_with_the_model),
    cmocka_unit_test(neighbours_become_one_span),
    cmocka_unit_test(neighbours_of_another_kind_stay_apart),
    cmocka_unit_test(marking_writes_every_record),
};

UNIT_MAIN(tests)
