/* huge.c - huge blocks: spans of whole SuperSlabs, which grow, shrink and move by their page tables. All take
 * the lock. (pool_lose_span is in purge.c, which loses spans as well.)
 *
 *     moved_spans == huge blocks with moved != 0 */
#include "os/clock.h"
#include "pool/state.h"

enum { MOVED_SPANS_MAX = 12 }; /* live huge blocks whose pages were moved: each costs two mappings */

/* Whether all of the span may become resident. */
static bool is_allowed(struct span span)
{
    return likely(!OPTION_VALUE(hard_limit)) || pool_hard_limit_allows(superslabs_clean_units(span));
}

struct span pool_take_span(size_t count, size_t align, bool *clean)
{
    pool_lock();
    struct span span = supply_take_span(count, align);
    if (span.count && !is_allowed(span)) {
        span_insert(superslabs_are_clean(span) ? &pool.cold : &pool.warm, span, clock_coarse_ms());
        span.count = 0;
    }
    if (span.count) {
        *clean = superslabs_are_clean(span);
        span_mark(span, SUPERSLAB_HUGE);
        superslabs_set_dirty(span, superslab_all_units());
        superslab_at(span.first)->moved = 0;
    }
    pool_unlock();
    return span;
}

bool pool_extend_span(struct span *span, size_t count)
{
    size_t behind = span->first + span->count, more = count - span->count;
    pool_lock();
    bool taken = pool_hard_limit_allows(more << SUPERSLAB_UNITS_LOG2) &&
                 (span_take_at(&pool.warm, behind, more) || span_take_at(&pool.cold, behind, more) ||
                  (behind << SUPERSLAB_UNITS_LOG2 == region_next_unit() &&
                   supply_map(supply_units_for_span(more)) && span_take_at(&pool.cold, behind, more)));
    if (taken) {
        superslabs_set_dirty((struct span){behind, more}, superslab_all_units());
        span->count = count;
        span_mark(*span, SUPERSLAB_HUGE);
    }
    pool_unlock();
    return taken;
}

/* Pages that were moved here lie in a mapping of their own: mapped afresh they join their neighbours'. */
static void settle_moved(struct span span)
{
    enum vm_result result = vm_map_afresh(superslab_address(span.first), span.count << SUPERSLAB_LOG2);
    pool_lock();
    if (result != VM_TAKEN)
        huge_pages_set(span, false);
    pool_unlock();
    purge_settle(span, result);
}

void pool_give_span(struct span span)
{
    uint64_t now_ms = clock_coarse_ms();
    pool_lock();
    struct superslab *first = superslab_at(span.first);
    bool moved = first->from_first == 0 && first->moved != 0;
    bool over = false;
    span_make_busy(span);
    if (moved) { /* counted here, lest another thread fork meanwhile */
        pool.moved_spans--;
    } else {
        lru_note_use(now_ms);
        span_insert(superslabs_are_clean(span) ? &pool.cold : &pool.warm, span, now_ms);
        lru_note("kept", span);
        over = lru_is_over(now_ms);
    }
    size_t retained = pool_retained_in_all();
    pool_unlock();
    if (unlikely(moved))
        settle_moved(span);
    purge_if_needed(span.count << SUPERSLAB_LOG2, retained, over);
}

/* A block whose pages were moved is cut behind `count` SuperSlabs: its end may have moved pages too. */
static void split_moved(struct superslab *first, struct superslab *tail, uint32_t count)
{
    tail->moved = first->moved > count ? first->moved - count : 0;
    first->moved -= tail->moved;
    pool.moved_spans += tail->moved != 0;
}

void pool_shrink_span(struct span *span, size_t count)
{
    struct span tail = {span->first + count, span->count - count};
    pool_lock();
    span->count = count;
    superslab_at(span->first)->span = (uint32_t)count;
    span_make_busy(tail);
    split_moved(superslab_at(span->first), superslab_at(tail.first), (uint32_t)count);
    pool_unlock();
    pool_give_span(tail);
}

size_t pool_movable(struct span span)
{
    size_t count = 0;
    pool_lock();
    const struct superslab *first = superslab_at(span.first);
    if (pool.moved_spans < MOVED_SPANS_MAX && (first->moved == 0 || first->moved == span.count))
        while (count < span.count && superslab_at(span.first + count)->huge_pages == first->huge_pages)
            count++;
    pool_unlock();
    return count;
}

void pool_span_moved(struct span from, struct span to, size_t count)
{
    pool_lock();
    superslab_at(to.first)->moved = (uint32_t)count;
    pool.moved_spans++;
    huge_pages_set((struct span){to.first, count}, superslab_at(from.first)->huge_pages);
    superslabs_set_dirty((struct span){from.first, count}, 0);
    pool_unlock();
}

size_t pool_huge_superslabs(size_t number)
{
    const struct superslab *first = superslab_at(number);
    bool is_first = __atomic_load_n(&first->kind, __ATOMIC_RELAXED) == SUPERSLAB_HUGE &&
                    __atomic_load_n(&first->from_first, __ATOMIC_RELAXED) == 0;
    return is_first ? __atomic_load_n(&first->span, __ATOMIC_RELAXED) : 0;
}

struct span pool_huge_span(size_t number)
{
    struct span span = {0, 0};
    pool_lock();
    struct superslab *at = superslab_at(number);
    if (at->kind == SUPERSLAB_HUGE && at->from_first <= number) {
        struct superslab *first = superslab_at(number - at->from_first);
        if (first->kind == SUPERSLAB_HUGE && first->from_first == 0 && at->from_first < first->span)
            span = (struct span){number - at->from_first, first->span};
    }
    pool_unlock();
    return span;
}

/* ---- readied before they are needed */

size_t pool_prewarm(size_t superslabs)
{
    bool clean;
    struct span span = pool_take_span(superslabs, 1, &clean);
    if (!span.count)
        return 0;
    vm_populate(superslab_address(span.first), span.count << SUPERSLAB_LOG2);
    pool_give_span(span);
    return span.count;
}
