/* huge_pages.c - where the kernel may use huge pages: in large huge blocks, and in shared SuperSlabs that
 * were full of live blocks for long (heap/collapse.h). Each range whose setting differs from its neighbours'
 * costs mappings, of which a process has some 65,000, so there are few. pool_ functions take the lock, the
 * others are [lock: pool].
 *
 *     huge_page_rows == rows of SuperSlabs with huge_pages set, as long as they can be */
#include "pool/state.h"

enum {
    HUGE_PAGES_MIN_SPAN = 2,    /* SuperSlabs of a block that may have huge pages, */
    HUGE_PAGES_MIN_IN_USE = 32, /* in a heap of at least so many, */
    HUGE_PAGES_MAX_ROWS = 32,   /* in at most so many places, each of which splits a mapping in three, */
    FORBIDDEN_MAX = 8,          /* and taken back in so many, likewise: some 100 mappings in all */
    COLLAPSE_DENSE_PASSES = 4,  /* of the scavenger: two decays */
};

static bool has_huge_pages(size_t number)
{
    return number < superslab_count() && superslab_at(number)->huge_pages;
}

void huge_pages_set(struct span span, bool allowed)
{
    for (size_t i = span.first; i < span.first + span.count; i++) {
        size_t around = (i > 0 && has_huge_pages(i - 1)) + (size_t)has_huge_pages(i + 1);
        if (superslab_at(i)->huge_pages == allowed)
            continue;
        superslab_at(i)->huge_pages = allowed;
        pool.huge_page_rows += allowed ? 1 - around : around - 1;
    }
}

void huge_pages_forbid(size_t number)
{
    struct superslab *superslab = superslab_at(number);
    if (!superslab->huge_pages || superslab->dirty_units || pool.forbidden == FORBIDDEN_MAX)
        return;
    vm_forbid_huge_pages(superslab_address(number), SUPERSLAB_BYTES);
    huge_pages_set((struct span){number, 1}, false);
    pool.forbidden++;
}

/* SuperSlabs that hold something now. */
static size_t in_use(void)
{
    return (region_payload_bytes() >> SUPERSLAB_LOG2) - pool.warm.superslabs - pool.cold.superslabs;
}

void pool_allow_huge_pages(struct span span)
{
    pool_lock();
    while (span.count && superslab_at(span.first)->huge_pages)
        span = (struct span){span.first + 1, span.count - 1};
    bool wanted = OPTION_VALUE(thp) == THP_AUTO && span.count >= HUGE_PAGES_MIN_SPAN &&
                  in_use() >= HUGE_PAGES_MIN_IN_USE && pool.huge_page_rows < HUGE_PAGES_MAX_ROWS;
    if (wanted)
        huge_pages_set(span, true);
    pool_unlock();
    if (wanted)
        vm_allow_huge_pages(superslab_address(span.first), span.count << SUPERSLAB_LOG2);
}

/* ---- huge pages for shared SuperSlabs */

bool huge_pages_forget(struct superslab *superslab)
{
    bool was = superslab->collapsed;
    superslab->collapsed = false;
    superslab->dense_passes = 0;
    if (was)
        atomic_fetch_sub_explicit(&pool.collapsed, 1, memory_order_relaxed);
    return was;
}

bool pool_may_collapse(void)
{
    pool_lock();
    bool large = in_use() >= HUGE_PAGES_MIN_IN_USE;
    pool_unlock();
    return large && SUPERSLAB_BYTES == HUGE_PAGE_BYTES;
}

bool pool_is_collapsible(size_t number)
{
    const struct superslab *superslab = superslab_at(number);
    pool_lock();
    bool whole = superslab->kind == SUPERSLAB_SHARED && superslab->free_units == 0;
    bool collapsible = whole && superslab->units == SUPERSLAB_UNITS && !superslab->collapsed &&
                       !superslab->guarded;
    pool_unlock();
    return collapsible;
}

bool pool_note_density(size_t number, bool dense)
{
    struct superslab *superslab = superslab_at(number);
    pool_lock();
    superslab->dense_passes = dense ? (uint8_t)(superslab->dense_passes + 1) : 0;
    bool now = superslab->dense_passes == COLLAPSE_DENSE_PASSES && superslab->kind == SUPERSLAB_SHARED;
    if (now) {
        superslab->collapsed = true;
        superslab->dense_passes = 0;
        atomic_fetch_add_explicit(&pool.collapsed, 1, memory_order_relaxed);
    }
    pool_unlock();
    return now;
}

static bool none_is_collapsed(void)
{
    return likely(atomic_load_explicit(&pool.collapsed, memory_order_relaxed) == 0);
}

bool pool_is_collapsed(size_t unit)
{
    if (none_is_collapsed())
        return false;
    pool_lock();
    bool collapsed = superslab_at(unit >> SUPERSLAB_UNITS_LOG2)->collapsed;
    pool_unlock();
    return collapsed;
}

void pool_note_holes(size_t unit)
{
    struct superslab *superslab = superslab_at(unit >> SUPERSLAB_UNITS_LOG2);
    if (none_is_collapsed())
        return;
    pool_lock();
    bool split = huge_pages_forget(superslab);
    pool_unlock();
    if (split)
        vm_split_huge_page(region_unit_address(unit));
}
