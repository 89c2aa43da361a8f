/* validate.c - whether the pool's invariants hold, for tests. pool_validate takes the lock. */
#include "base/check.h"
#include "pool/state.h"

static void validate_shared(size_t number)
{
    struct superslab *superslab = superslab_at(number);
    CHECK(superslab->bucket == bit_count(superslab->free_units));
    CHECK((superslab->free_units & ~bits_below(superslab->units)) == 0);
    for (unsigned i = 0; i < superslab->units; i++)
        if ((superslab->free_units >> i) & 1)
            CHECK(region_tag((number << SUPERSLAB_UNITS_LOG2) + i) == TAG_NONE);
}

/* What is counted as it changes, counted anew. */
static void validate_counters(void)
{
    size_t dirty_units = 0, free_dirty_units = 0, collapsed = 0, moved_spans = 0, huge_page_rows = 0;
    for (size_t i = 0; i < superslab_count(); i++) {
        const struct superslab *at = superslab_at(i);
        dirty_units += bit_count(at->dirty_units);
        moved_spans += at->kind == SUPERSLAB_HUGE && at->from_first == 0 && at->moved;
        huge_page_rows += at->huge_pages && (i == 0 || !superslab_at(i - 1)->huge_pages);
        if (at->kind == SUPERSLAB_SHARED) {
            size_t free_dirty = bit_count(at->free_units & at->dirty_units);
            CHECK(at->free_dirty == free_dirty && (at->purging & at->free_units) == 0);
            free_dirty_units += free_dirty;
            collapsed += at->collapsed;
        }
    }
    CHECK(pool.dirty_units == dirty_units && pool.free_dirty_units == free_dirty_units);
    CHECK(atomic_load(&pool.collapsed) == collapsed);
    CHECK(pool.moved_spans == moved_spans && pool.huge_page_rows == huge_page_rows);
}

static void validate_free_span(struct span_set *set, size_t number, size_t *seen)
{
    struct superslab *first = superslab_at(number);
    CHECK(first->from_first == 0 && first->span > 0);
    CHECK(superslab_at(number + first->span - 1)->kind == set->kind);
    CHECK(superslab_at(number + first->span - 1)->from_first == first->span - 1);
    *seen += first->span;
}

/* Returns how many SuperSlabs are in a use's buckets. */
static size_t validate_buckets(int use)
{
    const struct buckets *buckets = &pool.buckets[use];
    size_t superslabs = 0;
    for (unsigned bucket = 0; bucket <= SUPERSLAB_UNITS; bucket++) {
        CHECK(((buckets->occupied >> bucket) & 1) == (buckets->first[bucket] != 0));
        for (superslab_link at = buckets->first[bucket]; at; at = superslab_at(at - 1)->next, superslabs++) {
            const struct superslab *superslab = superslab_at(at - 1);
            CHECK(superslab->kind == SUPERSLAB_SHARED && superslab->use == use);
            CHECK(superslab->bucket == bucket);
        }
    }
    return superslabs;
}

void pool_validate(void)
{
    size_t warm = 0, cold = 0, in_buckets = 0;
    pool_lock();
    for (int use = 0; use < SUPERSLAB_USES; use++)
        in_buckets += validate_buckets(use);
    for (size_t i = 0; i < superslab_count(); i++) {
        struct superslab *at = superslab_at(i);
        if (at->kind == SUPERSLAB_SHARED)
            validate_shared(i);
        in_buckets -= at->kind == SUPERSLAB_SHARED && at->bucket;
        if (at->kind == SUPERSLAB_WARM)
            validate_free_span(&pool.warm, i, &warm);
        if (at->kind == SUPERSLAB_COLD)
            validate_free_span(&pool.cold, i, &cold);
        i += superslab_span(at) - 1;
    }
    CHECK(warm == pool.warm.superslabs && cold == pool.cold.superslabs && in_buckets == 0);
    validate_counters();
    pool_unlock();
}
