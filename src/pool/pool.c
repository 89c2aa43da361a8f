#include "pool/pool.h"

#include "base/check.h"
#include "base/log.h"
#include "os/clock.h"
#include "os/lock.h"
#include "os/vm.h"
#include "region/image.h"

enum {
    ROOM_TRIES = 8,
    PURGE_STEP_SUPERSLABS = 8,  /* whoever waits for the kernel's lock of the address space waits so long */
    PURGER_MIN_BYTES = 4194304, /* retained memory that is worth somebody's attention */
    MOVED_SPANS_MAX = 12,       /* live huge blocks whose pages were moved: each costs two mappings */
    HUGE_PAGES_MIN_SPAN = 2,    /* SuperSlabs of a block that may have huge pages, */
    HUGE_PAGES_MIN_IN_USE = 32, /* in a heap of at least so many, */
    COLLAPSE_DENSE_PASSES = 4,  /* of the scavenger: two decays */
    HUGE_PAGES_MAX_ROWS = 32,   /* in at most so many places, each of which splits a mapping in three, */
    FORBIDDEN_MAX = 8,          /* and taken back in so many, likewise: some 100 mappings in all */
};

/* Shared SuperSlabs of one use by free units. */
struct buckets {
    uint64_t occupied; /* a bit for each that is not empty */
    superslab_link first[SUPERSLAB_UNITS + 1];
};

static struct {
    struct lock lock;
    struct buckets buckets[SUPERSLAB_USES];
    struct span_set warm, cold;
    uint64_t dirty_hits, clean, lru_hits, lru_misses, lru_evictions;
    size_t moved_spans;
    size_t huge_page_rows, forbidden;
    size_t free_dirty_units;    /* in shared SuperSlabs: may be resident, and nobody's */
    size_t dirty_units;         /* in all: may be resident */
    _Atomic size_t holes_bytes; /* of these, inside slabs, given back */
    pool_purger *_Atomic purger;
    _Atomic size_t collapsed; /* shared SuperSlabs of which a huge page was made */
    _Atomic unsigned haste;   /* the decay is halved so often */
    _Atomic bool has_orphans; /* in a fork's child: what other threads purged is not taken over yet, */
    uint32_t survivor;        /* those but this one (lock_self()), which forked */
} pool = {.warm = {.kind = SUPERSLAB_WARM}, .cold = {.kind = SUPERSLAB_COLD}};

static_assert(offsetof(typeof(pool), lru_evictions) ==
                  offsetof(typeof(pool), dirty_hits) + 4 * sizeof(uint64_t),
              "image.h says that the counters follow each other");

static void take_over_orphans(void);

static void pool_lock(void)
{
    lock_acquire(&pool.lock, LOCK_POOL);
    if (unlikely(atomic_load_explicit(&pool.has_orphans, memory_order_relaxed)))
        take_over_orphans();
}

static void pool_unlock(void)
{
    lock_release(&pool.lock, LOCK_POOL);
}

/* Out of every list, until the calling thread puts it into one; [lock: pool]. */
static void make_busy(struct span span)
{
    span_mark(span, SUPERSLAB_BUSY);
    superslab_at(span.first)->holder = lock_self();
}

void pool_fork_prepare(void)
{
    lock_fork_acquire(&pool.lock);
}

void pool_fork_parent(void)
{
    lock_fork_release(&pool.lock);
}

static COLD void lru_debug(const char *what, struct span span)
{
    log_line("LRU: %s %zu SuperSlab%s at %p, %zu warm now", what, span.count, span.count == 1 ? "" : "s",
             (void *)superslab_address(span.first), pool.warm.superslabs);
}

static void lru_note(const char *what, struct span span)
{
    if (unlikely(OPTION_VALUE(ss_lru_debug)))
        lru_debug(what, span);
}

/* ---- buckets of shared SuperSlabs; [lock: pool] */

static void bucket_remove(struct superslab *superslab)
{
    struct buckets *buckets = &pool.buckets[superslab->use];
    unsigned bucket = superslab->bucket;
    if (bucket == 0)
        return;
    if (superslab->next)
        superslab_at(superslab->next - 1)->prev = superslab->prev;
    if (superslab->prev)
        superslab_at(superslab->prev - 1)->next = superslab->next;
    else
        buckets->first[bucket] = superslab->next;
    if (!buckets->first[bucket])
        buckets->occupied &= ~(UINT64_C(1) << bucket);
    superslab->bucket = 0;
    pool.free_dirty_units -= superslab->free_dirty;
    superslab->free_dirty = 0;
}

/* Into the bucket that its free units call for. */
static void bucket_place(struct superslab *superslab)
{
    bucket_remove(superslab);
    struct buckets *buckets = &pool.buckets[superslab->use];
    unsigned bucket = bit_count(superslab->free_units);
    if (bucket == 0)
        return;
    superslab_link self = (superslab_link)superslab_number(superslab) + 1;
    superslab->bucket = (uint8_t)bucket;
    superslab->prev = 0;
    superslab->next = buckets->first[bucket];
    if (superslab->next)
        superslab_at(superslab->next - 1)->prev = self;
    buckets->first[bucket] = self;
    buckets->occupied |= UINT64_C(1) << bucket;
    superslab->free_dirty = bit_count(superslab->free_units & superslab->dirty_units);
    pool.free_dirty_units += superslab->free_dirty;
}

/* Notes which units may be resident. */
static void set_dirty_units(struct superslab *superslab, uint32_t units)
{
    size_t more = bit_count(units) - (size_t)bit_count(superslab->dirty_units);
    __atomic_store_n(&pool.dirty_units, pool.dirty_units + more, __ATOMIC_RELAXED);
    superslab->dirty_units = units;
}

/* ---- guards, in secure mode: what runs over the end of a shared SuperSlab does not reach the next one.
 * [lock: pool] */

static uint32_t guard_units(const struct superslab *superslab)
{
    return superslab->guarded ? superslab_all_units() & ~(superslab_all_units() >> 1) : 0;
}

/* Whether nothing of it is in use. */
static bool is_all_free(const struct superslab *superslab)
{
    return (superslab->free_units | guard_units(superslab)) == superslab_all_units();
}

static uintptr_t guard_address(const struct superslab *superslab)
{
    return superslab_address(superslab_number(superslab) + 1) - UNIT_BYTES;
}

/* Its last unit, which is mapped and free, is taken for a guard. Where a wide slab needs all, there is none.
 */
static void guard(struct superslab *superslab)
{
    if (likely(!OPTION_VALUE(secure)) || (int)SUPERSLAB_UNITS == (int)WIDE_UNITS || superslab->guarded ||
        !vm_guard_bounded(guard_address(superslab), UNIT_BYTES))
        return;
    superslab->guarded = true;
    superslab->free_units &= ~guard_units(superslab);
    set_dirty_units(superslab, superslab->dirty_units & ~guard_units(superslab));
}

/* It is to be part of a span. False: the kernel does not take the guard away. */
static bool unguard(struct superslab *superslab)
{
    if (likely(!superslab->guarded))
        return true;
    if (!vm_unguard_bounded(guard_address(superslab), UNIT_BYTES))
        return false;
    superslab->free_units |= guard_units(superslab);
    superslab->guarded = false;
    return true;
}

/* ---- new memory; [lock: pool] */

static void add_units(size_t number, unsigned first, unsigned count)
{
    struct superslab *superslab = superslab_at(number);
    superslab->kind = SUPERSLAB_SHARED;
    superslab->units = (uint8_t)(superslab->units + count);
    superslab->free_units |= (uint32_t)(bits_below(count) << first);
    if (first + count == SUPERSLAB_UNITS)
        guard(superslab);
    bucket_place(superslab);
}

static void add_superslabs(struct span span)
{
    for (size_t i = 0; i < span.count; i++)
        superslab_at(span.first + i)->units = SUPERSLAB_UNITS;
    span_insert(&pool.cold, span, 0);
}

/* Maps at least min_units more units: whole SuperSlabs go to the cold set, parts of one to the pool. */
static bool grow(size_t min_units)
{
    size_t at, count;
    if (!region_grow(min_units, &at, &count))
        return false;
    region_image()->pool_counters = (uintptr_t)&pool.dirty_hits;
    size_t inside = at % SUPERSLAB_UNITS;
    if (inside) {
        size_t head = size_min(count, SUPERSLAB_UNITS - inside);
        add_units(at >> SUPERSLAB_UNITS_LOG2, (unsigned)inside, (unsigned)head);
        at += head;
        count -= head;
    }
    if (count >= SUPERSLAB_UNITS)
        add_superslabs((struct span){at >> SUPERSLAB_UNITS_LOG2, count >> SUPERSLAB_UNITS_LOG2});
    if (count % SUPERSLAB_UNITS)
        add_units((at + count) >> SUPERSLAB_UNITS_LOG2, 0, (unsigned)(count % SUPERSLAB_UNITS));
    return true;
}

/* Units to map so that `count` whole SuperSlabs are among them. */
static size_t units_for_span(size_t count)
{
    size_t next = region_next_unit();
    return align_up(next, SUPERSLAB_UNITS) - next + (count << SUPERSLAB_UNITS_LOG2);
}

static struct span take_free_span(size_t count, size_t align)
{
    struct span span = span_take(&pool.warm, count, align);
    if (span.count) {
        pool.lru_hits++;
        lru_note("reused", span);
        return span;
    }
    if (align == 1 && count > 1 && (span = span_take_mixed(&pool.warm, &pool.cold, count)).count) {
        pool.lru_hits++;
        lru_note("reused in part", span);
        return span;
    }
    pool.lru_misses++;
    span = span_take(&pool.cold, count, align);
    if (!span.count && grow(units_for_span(count + align - 1)))
        span = span_take(&pool.cold, count, align);
    return span;
}

/* ---- huge pages; [lock: pool] */

static bool has_huge_pages(size_t number)
{
    return number < superslab_count() && superslab_at(number)->huge_pages;
}

/* Sets the span's flags, and keeps count of the rows of equal ones: each is a mapping; [lock: pool]. */
static void set_huge_pages(struct span span, bool allowed)
{
    for (size_t i = span.first; i < span.first + span.count; i++) {
        size_t around = (i > 0 && has_huge_pages(i - 1)) + (size_t)has_huge_pages(i + 1);
        if (superslab_at(i)->huge_pages == allowed)
            continue;
        superslab_at(i)->huge_pages = allowed;
        pool.huge_page_rows += allowed ? 1 - around : around - 1;
    }
}

/* A purged SuperSlab of a huge block is to hold small ones: it gets a page at a time. The mapping is
 * split for good, so this is done a few times at most. */
static void forbid_huge_pages(struct span span)
{
    vm_forbid_huge_pages(superslab_address(span.first), span.count << SUPERSLAB_LOG2);
    set_huge_pages(span, false);
    pool.forbidden++;
}

/* ---- units */

/* Whether so many more units may become resident. */
static bool hard_limit_allows(size_t units)
{
    size_t limit = OPTION_VALUE(hard_limit);
    return likely(!limit) || pool.dirty_units + units <= limit * UNITS_IN_MIB;
}

static unsigned find_dirty_row(struct superslab *superslab, size_t count, size_t align)
{
    return bits_find_row(superslab->free_units & superslab->dirty_units, (unsigned)count, (unsigned)align);
}

static unsigned find_row(struct superslab *superslab, size_t count, size_t align)
{
    unsigned row = find_dirty_row(superslab, count, align);
    return row < 64 ? row : bits_find_row(superslab->free_units, (unsigned)count, (unsigned)align);
}

typedef unsigned row_finder(struct superslab *superslab, size_t count, size_t align);

/* The fullest SuperSlab of this use with `count` such units in a row. */
static inline struct superslab *find_fullest(row_finder *find, enum superslab_use use, size_t count,
                                             size_t align)
{
    const struct buckets *buckets = &pool.buckets[use];
    for (uint64_t fuller = buckets->occupied & ~bits_below((unsigned)count); fuller; fuller &= fuller - 1) {
        superslab_link at = buckets->first[bit_lowest(fuller)];
        for (int tries = 0; at && tries < ROOM_TRIES; tries++) {
            struct superslab *superslab = superslab_at(at - 1);
            if (find(superslab, count, align) < 64)
                return superslab;
            at = superslab->next;
        }
    }
    return NULL;
}

/* Room that may be resident, in a SuperSlab of this use, */
static struct superslab *find_dirty_room(enum superslab_use use, size_t count, size_t align)
{
    return pool.free_dirty_units >= count ? find_fullest(find_dirty_row, use, count, align) : NULL;
}

/* or any: of this use, or else of the other. */
static struct superslab *find_room(enum superslab_use use, size_t count, size_t align)
{
    struct superslab *found = find_fullest(find_row, use, count, align);
    if (!found)
        found = find_dirty_room(!use, count, align);
    return found ? found : find_fullest(find_row, !use, count, align);
}

/* Whether the LRU has more than what was readied for huge blocks and for growth. */
static bool has_spare_warm(void)
{
    return pool.warm.superslabs > OPTION_VALUE(ss_prewarm);
}

bool pool_must_grow(size_t units)
{
    pool_lock();
    size_t superslabs = align_up(units, SUPERSLAB_UNITS) >> SUPERSLAB_UNITS_LOG2;
    bool warm = pool.warm.superslabs >= superslabs;
    bool shared = units <= SUPERSLAB_UNITS && (find_dirty_room(SUPERSLAB_RUNS, units, 1) ||
                                               (!find_fullest(find_row, SUPERSLAB_RUNS, units, 1) &&
                                                find_dirty_room(SUPERSLAB_SLABS, units, 1)));
    pool_unlock();
    return !warm && !shared;
}

void pool_add_holes(size_t bytes)
{
    atomic_fetch_add_explicit(&pool.holes_bytes, bytes, memory_order_relaxed);
}

void pool_remove_holes(size_t bytes)
{
    atomic_fetch_sub_explicit(&pool.holes_bytes, bytes, memory_order_relaxed);
}

size_t pool_resident_bytes(void)
{
    size_t bytes = __atomic_load_n(&pool.dirty_units, __ATOMIC_RELAXED) * UNIT_BYTES;
    return bytes - size_min(bytes, atomic_load_explicit(&pool.holes_bytes, memory_order_relaxed));
}

/* The first window is half a SuperSlab, and the next one its other half. */
static bool last_is_partial(void)
{
    bool none_free = pool.warm.superslabs + pool.cold.superslabs == 0;
    return none_free && (region_next_unit() == 0 || region_next_unit() % SUPERSLAB_UNITS != 0);
}

static struct superslab *fresh_superslab(enum superslab_use use, size_t count, size_t align)
{
    if (last_is_partial() && grow(count)) {
        struct superslab *superslab = find_room(use, count, align);
        if (superslab)
            return superslab;
    }
    struct span span = take_free_span(1, 1);
    if (!span.count) /* the kernel gives no whole SuperSlab any more: a few units, then */
        return grow(count) ? find_room(use, count, align) : NULL;
    struct superslab *superslab = superslab_at(span.first);
    if (superslab->huge_pages && superslab->dirty_units == 0 && pool.forbidden < FORBIDDEN_MAX)
        forbid_huge_pages(span);
    superslab->kind = SUPERSLAB_SHARED;
    superslab->use = (uint8_t)use;
    superslab->bucket = 0;
    superslab->free_units = superslab_all_units();
    guard(superslab);
    return superslab;
}

static void note_taken(struct superslab *superslab, uint32_t mask, bool *clean)
{
    *clean = (superslab->dirty_units & mask) == 0;
    if (*clean)
        pool.clean += bit_count(mask);
    else
        pool.dirty_hits += bit_count(mask);
    superslab->free_units &= ~mask;
    set_dirty_units(superslab, superslab->dirty_units | mask);
    bucket_place(superslab);
}

static uint32_t row_mask(unsigned row, size_t count)
{
    return (uint32_t)(bits_below((unsigned)count) << row);
}

static size_t take_row(struct superslab *superslab, unsigned row, size_t count, bool *clean)
{
    note_taken(superslab, row_mask(row, count), clean);
    return (superslab_number(superslab) << SUPERSLAB_UNITS_LOG2) + row;
}

size_t pool_take_used_units(enum superslab_use use, size_t count, size_t align)
{
    size_t unit = POOL_NO_UNIT;
    bool clean;
    pool_lock();
    struct superslab *superslab = find_dirty_room(use, count, align);
    if (superslab)
        unit = take_row(superslab, find_dirty_row(superslab, count, align), count, &clean);
    pool_unlock();
    return unit;
}

size_t pool_take_units(enum superslab_use use, size_t count, size_t align, bool *clean)
{
    size_t unit = POOL_NO_UNIT;
    pool_lock();
    struct superslab *superslab = find_dirty_room(use, count, align);
    if (!superslab && !hard_limit_allows(count))
        superslab = find_dirty_room(!use, count, align);
    if (!superslab && !has_spare_warm())
        superslab = find_room(use, count, align);
    if (!superslab)
        superslab = fresh_superslab(use, count, align);
    if (superslab) {
        unsigned row = find_row(superslab, count, align);
        if (hard_limit_allows(bit_count(row_mask(row, count) & ~superslab->dirty_units)))
            unit = take_row(superslab, row, count, clean);
        else
            bucket_place(superslab);
    }
    pool_unlock();
    return unit;
}

bool pool_take_units_at(size_t unit, size_t count)
{
    unsigned row = unit % SUPERSLAB_UNITS;
    if (row + count > SUPERSLAB_UNITS || row == 0)
        return false;
    uint32_t mask = row_mask(row, count);
    struct superslab *superslab = superslab_at(unit >> SUPERSLAB_UNITS_LOG2);
    bool clean;
    pool_lock();
    bool free_units = (superslab->free_units & mask) == mask &&
                      hard_limit_allows(bit_count(mask & ~superslab->dirty_units));
    if (free_units)
        note_taken(superslab, mask, &clean);
    pool_unlock();
    return free_units;
}

/* ---- limits; [lock: pool] */

static bool is_over_soft_limit(void)
{
    size_t limit = OPTION_VALUE(soft_limit);
    return unlikely(limit) && pool.dirty_units > limit * UNITS_IN_MIB;
}

/* How long free memory stays resident. */
static uint64_t decay_ms(void)
{
    return is_over_soft_limit()
               ? 0
               : OPTION_VALUE(decay_ms) >> atomic_load_explicit(&pool.haste, memory_order_relaxed);
}

/* Whether the oldest warm span has been there for the decay; what was prewarmed stays. */
static bool lru_is_aged(uint64_t now_ms)
{
    return pool.warm.superslabs > OPTION_VALUE(ss_prewarm) &&
           span_oldest_ms(&pool.warm) + decay_ms() <= now_ms;
}

static bool lru_is_over(uint64_t now_ms)
{
    return pool.warm.superslabs > OPTION_VALUE(ss_lru_size) || lru_is_aged(now_ms);
}

/* Free memory that may be resident; [lock: pool]. */
static size_t retained_bytes(void)
{
    return pool.warm.superslabs * (size_t)SUPERSLAB_BYTES + pool.free_dirty_units * UNIT_BYTES;
}

/* Memory was freed: somebody whose task that is gives back what is to go, or else the caller. */
static void give_back(size_t retained, bool over)
{
    pool_purger *purger = atomic_load_explicit(&pool.purger, memory_order_acquire);
    if (retained >= PURGER_MIN_BYTES && purger && purger(retained, over))
        return;
    if (unlikely(over))
        pool_purge(PURGE_LRU);
}

/* Whether a huge page was made of it, which is no more. */
static bool forget_collapsed(struct superslab *superslab)
{
    bool was = superslab->collapsed;
    superslab->collapsed = false;
    superslab->dense_passes = 0;
    if (was)
        atomic_fetch_sub_explicit(&pool.collapsed, 1, memory_order_relaxed);
    return was;
}

/* A SuperSlab of which every unit is free goes to the LRU, */
static void retire(struct superslab *superslab, uint64_t now_ms)
{
    struct span span = {superslab_number(superslab), 1};
    bucket_remove(superslab);
    forget_collapsed(superslab);
    span_insert(&pool.warm, span, now_ms);
    lru_note("kept", span);
}

/* or, when nothing of it is resident, to the cold ones. */
static void retire_clean(struct superslab *superslab)
{
    bucket_remove(superslab);
    forget_collapsed(superslab);
    span_insert(&pool.cold, (struct span){superslab_number(superslab), 1}, 0);
}

void pool_give_units(size_t unit, size_t count)
{
    struct superslab *superslab = superslab_at(unit >> SUPERSLAB_UNITS_LOG2);
    uint32_t mask = (uint32_t)(bits_below((unsigned)count) << (unit % SUPERSLAB_UNITS));
    uint64_t now_ms = clock_coarse_ms();
    bool over = false;
    pool_lock();
    CHECK((superslab->free_units & mask) == 0);
    superslab->free_units |= mask;
    superslab->since_ms = now_ms;
    if (!is_all_free(superslab) || !unguard(superslab)) {
        bucket_place(superslab);
    } else {
        retire(superslab, now_ms);
        over = lru_is_over(now_ms);
    }
    size_t retained = retained_bytes();
    pool_unlock();
    give_back(retained, over);
}

/* ---- spans */

static bool is_clean(struct span span)
{
    for (size_t i = 0; i < span.count; i++)
        if (superslab_at(span.first + i)->dirty_units)
            return false;
    return true;
}

/* How many of its units cannot be resident. */
static size_t clean_units(struct span span)
{
    size_t clean = 0;
    for (size_t i = 0; i < span.count; i++)
        clean += SUPERSLAB_UNITS - bit_count(superslab_at(span.first + i)->dirty_units);
    return clean;
}

static void set_dirty(struct span span, uint32_t units)
{
    for (size_t i = 0; i < span.count; i++)
        set_dirty_units(superslab_at(span.first + i), units);
}

struct span pool_take_span(size_t count, size_t align, bool *clean)
{
    pool_lock();
    struct span span = take_free_span(count, align);
    if (span.count && !hard_limit_allows(clean_units(span))) {
        span_insert(is_clean(span) ? &pool.cold : &pool.warm, span, clock_coarse_ms());
        span.count = 0;
    }
    if (span.count) {
        *clean = is_clean(span);
        span_mark(span, SUPERSLAB_HUGE);
        set_dirty(span, superslab_all_units());
        superslab_at(span.first)->moved = 0;
    }
    pool_unlock();
    return span;
}

bool pool_extend_span(struct span *span, size_t count)
{
    size_t behind = span->first + span->count, more = count - span->count;
    pool_lock();
    bool taken = hard_limit_allows(more << SUPERSLAB_UNITS_LOG2) &&
                 (span_take_at(&pool.warm, behind, more) || span_take_at(&pool.cold, behind, more) ||
                  (behind << SUPERSLAB_UNITS_LOG2 == region_next_unit() && grow(units_for_span(more)) &&
                   span_take_at(&pool.cold, behind, more)));
    if (taken) {
        set_dirty((struct span){behind, more}, superslab_all_units());
        span->count = count;
        span_mark(*span, SUPERSLAB_HUGE);
    }
    pool_unlock();
    return taken;
}

/* A busy span whose pages were given back, as the result says, goes to the cold set. Returns bytes. */
static size_t settle(struct span span, enum vm_result result)
{
    if (result == VM_NO_MEMORY) {
        pool_lose_span(span);
        return 0;
    }
    pool_lock();
    if (result == VM_DONE)
        set_dirty(span, 0);
    span_insert(&pool.cold, span, 0);
    pool_unlock();
    return result == VM_DONE ? span.count << SUPERSLAB_LOG2 : 0;
}

/* Pages that were moved here lie in a mapping of their own: mapped afresh they join their neighbours'. */
static void settle_moved(struct span span)
{
    enum vm_result result = vm_map_afresh(superslab_address(span.first), span.count << SUPERSLAB_LOG2);
    pool_lock();
    pool.moved_spans--;
    if (result != VM_TAKEN)
        set_huge_pages(span, false);
    pool_unlock();
    settle(span, result);
}

void pool_give_span(struct span span)
{
    uint64_t now_ms = clock_coarse_ms();
    pool_lock();
    struct superslab *first = superslab_at(span.first);
    bool moved = first->from_first == 0 && first->moved != 0;
    bool over = false;
    make_busy(span);
    if (!moved) {
        span_insert(is_clean(span) ? &pool.cold : &pool.warm, span, now_ms);
        lru_note("kept", span);
        over = lru_is_over(now_ms);
    }
    size_t retained = retained_bytes();
    pool_unlock();
    if (unlikely(moved))
        settle_moved(span);
    give_back(retained, over);
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
    make_busy(tail);
    split_moved(superslab_at(span->first), superslab_at(tail.first), (uint32_t)count);
    pool_unlock();
    pool_give_span(tail);
}

void pool_lose_span(struct span span)
{
    pool_lock();
    set_dirty(span, 0);
    span_mark(span, SUPERSLAB_NONE);
    for (size_t i = 0; i < span.count; i++)
        superslab_at(span.first + i)->units = 0;
    pool_unlock();
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
    set_huge_pages((struct span){to.first, count}, superslab_at(from.first)->huge_pages);
    set_dirty((struct span){from.first, count}, 0);
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

/* SuperSlabs that hold something now; [lock: pool]. */
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
        set_huge_pages(span, true);
    pool_unlock();
    if (wanted)
        vm_allow_huge_pages(superslab_address(span.first), span.count << SUPERSLAB_LOG2);
}

/* ---- huge pages for shared SuperSlabs */

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
    bool split = forget_collapsed(superslab);
    pool_unlock();
    if (split)
        vm_split_huge_page(region_unit_address(unit));
}

/* ---- the LRU */

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

/* Takes what must go next from the LRU, at most so many SuperSlabs; [lock: pool]. */
static struct span evict_next(enum pool_purge what, uint64_t now_ms, size_t superslabs)
{
    bool all = what >= PURGE_FREE;
    if (!all && !lru_is_over(now_ms))
        return (struct span){0, 0};
    size_t limit = OPTION_VALUE(ss_lru_size);
    bool aged = all || lru_is_aged(now_ms);
    size_t kept = what == PURGE_ALL ? 0 : aged ? OPTION_VALUE(ss_prewarm) : limit;
    size_t most = pool.warm.superslabs - size_min(kept, pool.warm.superslabs);
    struct span span = span_take_oldest(&pool.warm, size_min(most, superslabs));
    if (span.count) {
        pool.lru_evictions += span.count;
        make_busy(span);
        lru_note("evicted", span);
    }
    return span;
}

static size_t purge_span(struct span span)
{
    bool purged = vm_purge(superslab_address(span.first), span.count << SUPERSLAB_LOG2);
    return settle(span, purged ? VM_DONE : VM_TAKEN);
}

/* Units that were taken out to be purged are free again. A SuperSlab that is all free now and has nothing
 * resident is cold; else it is as old as its last free. [lock: pool] */
static void return_units(struct superslab *superslab, uint32_t units)
{
    superslab->free_units |= units;
    superslab->purging = 0;
    if (!is_all_free(superslab) || !unguard(superslab))
        bucket_place(superslab);
    else if (superslab->dirty_units)
        retire(superslab, superslab->since_ms);
    else
        retire_clean(superslab);
}

/* Takes a shared SuperSlab's free dirty units, as if they were in use, so that they can be purged: if
 * nothing was freed there since `before_ms`, and no other thread purges there. */
static uint32_t reserve_free_units(struct superslab *superslab, uint64_t before_ms)
{
    bool quiet = superslab->kind == SUPERSLAB_SHARED && superslab->since_ms <= before_ms &&
                 superslab->purging == 0;
    uint32_t units = quiet ? superslab->free_units & superslab->dirty_units : 0;
    if (units) {
        superslab->free_units &= ~units;
        superslab->purging = units;
        superslab->holder = lock_self();
        bucket_place(superslab);
    }
    return units;
}

static size_t purge_units(size_t number, uint32_t units)
{
    uint32_t purged = 0;
    pool_note_holes((number << SUPERSLAB_UNITS_LOG2) + bit_lowest(units));
    for (uint32_t left = units; left;) {
        unsigned first = bit_lowest(left);
        unsigned length = bit_lowest(~((uint64_t)left >> first));
        uint32_t row = (uint32_t)(bits_below(length) << first);
        if (vm_purge(superslab_address(number) + (size_t)first * UNIT_BYTES, (size_t)length * UNIT_BYTES))
            purged |= row;
        left &= ~row;
    }
    struct superslab *superslab = superslab_at(number);
    pool_lock();
    set_dirty_units(superslab, superslab->dirty_units & ~purged);
    return_units(superslab, units);
    pool_unlock();
    return (size_t)bit_count(purged) * UNIT_BYTES;
}

/* In a fork's child: what other threads were purging is free. What the survivor purges is not: a handler that
 * interrupted it forked, and it gives it back when the handler has returned. [lock: pool] */
static void take_over_orphans(void)
{
    atomic_store_explicit(&pool.has_orphans, false, memory_order_relaxed);
    for (size_t i = 0, span = 1; i < superslab_count(); i += span) {
        struct superslab *at = superslab_at(i);
        bool is_orphan = at->holder != pool.survivor;
        span = superslab_span(at);
        if (at->kind == SUPERSLAB_SHARED && at->purging && is_orphan)
            return_units(at, at->purging);
        if (at->kind == SUPERSLAB_BUSY && at->from_first == 0 && at->span) {
            span = at->span;
            if (is_orphan)
                span_insert(&pool.cold, (struct span){i, span}, 0);
        }
    }
}

void pool_fork_child(void)
{
    bool half_changed = lock_fork_reset(&pool.lock);
    pool.survivor = lock_self();
    atomic_store_explicit(&pool.has_orphans, true, memory_order_relaxed);
    if (!half_changed)
        take_over_orphans();
}

static size_t purge_shared(uint64_t before_ms, size_t enough_bytes)
{
    size_t bytes = 0;
    for (size_t i = 0, span = 1; i < superslab_count() && bytes < enough_bytes; i += span) {
        pool_lock();
        uint32_t units = reserve_free_units(superslab_at(i), before_ms);
        span = superslab_span(superslab_at(i));
        pool_unlock();
        if (units)
            bytes += purge_units(i, units);
    }
    return bytes;
}

static size_t step_superslabs(size_t bytes)
{
    return size_min(size_max(bytes >> SUPERSLAB_LOG2, 1), PURGE_STEP_SUPERSLABS);
}

static size_t purge_lru(enum pool_purge what, uint64_t now_ms, size_t enough_bytes)
{
    size_t bytes = 0;
    while (bytes < enough_bytes) {
        pool_lock();
        struct span span = evict_next(what, now_ms, step_superslabs(enough_bytes - bytes));
        pool_unlock();
        if (!span.count)
            break;
        bytes += purge_span(span);
    }
    return bytes;
}

NOINLINE size_t pool_purge_some(enum pool_purge what, size_t enough_bytes)
{
    size_t bytes = 0;
    uint64_t now_ms = clock_coarse_ms();
    pool_lock();
    uint64_t aged_ms = what >= PURGE_FREE ? UINT64_MAX : now_ms - size_min(decay_ms(), now_ms);
    bool any_shared = what != PURGE_LRU && pool.free_dirty_units > 0;
    pool_unlock();
    if (any_shared)
        bytes += purge_shared(aged_ms, enough_bytes);
    return bytes + purge_lru(what, now_ms, enough_bytes - size_min(bytes, enough_bytes));
}

size_t pool_purge_units(size_t enough_bytes)
{
    return purge_shared(UINT64_MAX, enough_bytes);
}

size_t pool_purge_spans(void)
{
    return purge_lru(PURGE_FREE, clock_coarse_ms(), SIZE_MAX);
}

size_t pool_purge(enum pool_purge what)
{
    return pool_purge_some(what, SIZE_MAX);
}

void pool_set_purger(pool_purger *purger)
{
    atomic_store_explicit(&pool.purger, purger, memory_order_release);
}

void pool_set_haste(unsigned halvings)
{
    atomic_store_explicit(&pool.haste, halvings, memory_order_relaxed);
}

/* The LRU but for what was prewarmed; [lock: pool]. */
static size_t spare_warm_bytes(void)
{
    return (pool.warm.superslabs - size_min(pool.warm.superslabs, OPTION_VALUE(ss_prewarm))) *
           SUPERSLAB_BYTES;
}

size_t pool_retained_bytes(void)
{
    pool_lock();
    size_t bytes = spare_warm_bytes() + pool.free_dirty_units * UNIT_BYTES;
    pool_unlock();
    return bytes;
}

size_t pool_lru_bytes(void)
{
    pool_lock();
    size_t bytes = spare_warm_bytes();
    pool_unlock();
    return bytes;
}

/* ---- reading */

static void count_superslab(struct superslab *superslab, struct pool_stats *stats)
{
    if (superslab->kind == SUPERSLAB_SHARED && bit_count(superslab->free_units) < superslab->units)
        stats->shared++;
}

void pool_stats_read(struct pool_stats *stats)
{
    pool_lock();
    *stats = (struct pool_stats){
        .dirty_hits = pool.dirty_hits,
        .clean = pool.clean,
        .lru_hits = pool.lru_hits,
        .lru_misses = pool.lru_misses,
        .lru_evictions = pool.lru_evictions,
        .free_dirty_units = pool.free_dirty_units,
        .dirty_units = pool.dirty_units,
        .holes_bytes = atomic_load_explicit(&pool.holes_bytes, memory_order_relaxed),
        .warm = pool.warm.superslabs,
        .cold = pool.cold.superslabs,
    };
    for (size_t i = 0; i < superslab_count(); i++) {
        struct superslab *at = superslab_at(i);
        size_t span = superslab_span(at);
        stats->mapped += at->units > 0 ? span : 0;
        stats->huge += at->kind == SUPERSLAB_HUGE ? span : 0;
        count_superslab(at, stats);
        i += span - 1;
    }
    pool_unlock();
}

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
    size_t dirty_units = 0, free_dirty_units = 0, collapsed = 0;
    for (size_t i = 0; i < superslab_count(); i++) {
        const struct superslab *at = superslab_at(i);
        dirty_units += bit_count(at->dirty_units);
        if (at->kind == SUPERSLAB_SHARED) {
            size_t free_dirty = bit_count(at->free_units & at->dirty_units);
            CHECK(at->free_dirty == free_dirty && (at->purging & at->free_units) == 0);
            free_dirty_units += free_dirty;
            collapsed += at->collapsed;
        }
    }
    CHECK(pool.dirty_units == dirty_units && pool.free_dirty_units == free_dirty_units);
    CHECK(atomic_load(&pool.collapsed) == collapsed);
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
