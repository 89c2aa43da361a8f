#include "heap/thrift.h"

#include "heap/holes.h"
#include "heap/registry.h"
#include "heap/scavenger.h"
#include "os/clock.h"
#include "os/thread.h"
#include "os/vm.h"

enum {
    LEAST_BYTES = HAKMEM_TORTURE ? 65536 : 4 * 1024 * 1024, /* resident in a heap that is worth it, */
    LEAST_BYTES_AUTO = 2 * LEAST_BYTES,                     /* by default */
    STEP_BYTES = HAKMEM_TORTURE ? 16384 : 128 * 1024,       /* of growth between two passes, */
    STEP_SHARE = 48,                                        /* and a share of what is left by one */
    LOOK_BYTES = 2 * STEP_BYTES,                            /* to the next look by default */
    LOOSE_MOST_BYTES = 2 * 1024 * 1024,                     /* free, in no cache: worth a pass in any heap */
    TOUCHED_FACTOR = 8,                                     /* see thrift.h */
};

enum {
    RISE_SHARE = 256,      /* of the mark, by which a pass raises it at least, */
    RISE_SHARE_AUTO = 12,  /* by default */
    FREE_SHARE = 64,       /* of what is resident, that must be free, */
    FREE_SHARE_RUNS = 16,  /* by default before runs, whose pages cost a pass's time anyway */
    LOOSE_SHARE = 4,       /* of what is used, that must be free and in no cache, before slabs; */
    LOOSE_SHARE_MOVES = 2, /* where realloc moves a block to one */
};

/* What passes cost: each, for a unit looked at, for a place where holes were given back, for a KiB given
 * back, and for a KiB touched again, a quarter of a page fault. And what they may cost by default: all of
 * them, the sum of three parts; and one, which ends with the step in which it has looked at so many units,
 * given back so many places of holes, or so many bytes in all. Measured on a virtual machine, see decision
 * 12. */
enum {
    PASS_NS = 30000,
    UNIT_NS = 50,
    RANGE_NS = 500,
    GIVEN_NS_KIB = 20,
    AGAIN_NS_KIB = 250,
    ALLOWED_NS = 1000000,
    ALLOWED_SHARE = 256,               /* of the time since the process began, */
    ALLOWED_NS_KIB = AGAIN_NS_KIB / 2, /* and for each KiB that the heap grew by: half of its page faults */
    ENOUGH_UNITS = 2048,
    ENOUGH_RANGES = 128,
    ENOUGH_BYTES = 6 * 1024 * 1024,
    STEP_UNITS = 8,
};

_Atomic size_t thrift_marks[THRIFT_GROWTHS] = {
    [THRIFT_GROWTH_ANY] = LEAST_BYTES,
    [THRIFT_GROWTH_SLABS] = LEAST_BYTES_AUTO,
    [THRIFT_GROWTH_RUNS] = LEAST_BYTES_AUTO,
};
uint64_t thrift_began_ms;

size_t thrift_used_marks[THRIFT_GROWTHS] = {
    [THRIFT_GROWTH_SLABS] = LEAST_BYTES,
    [THRIFT_GROWTH_RUNS] = LEAST_BYTES,
};

/* What a heap is made of. */
struct look {
    size_t resident_bytes; /* with what is about to be touched */
    size_t used_bytes;     /* of these, without cached blocks: much of those was never touched */
    size_t loose_bytes;    /* free blocks and units that are resident, and the LRU: in no cache */
    size_t free_bytes;     /* and with what is cached */
};

/* [lock: scavenger] */
static struct {
    bool looked, asked_for_batches;
    uint64_t passes_ns;   /* what passes cost, but for what was touched again */
    size_t unit;          /* where the next one begins */
    size_t left_bytes;    /* resident after the last pass, or look */
    size_t stuck_bytes;   /* retained in the pool after the last pass, beside what it leaves alone */
    size_t needed_bytes;  /* most that ever was after a pass, or beyond what was free */
    size_t touched_bytes; /* between passes, in all */
    size_t first_bytes;   /* resident at the first look, */
    size_t most_bytes;    /* and at most */
} thrift;

static bool is_always(void)
{
    return OPTION_VALUE(thrift) == THRIFT_ALWAYS;
}

/* Counts what was touched since the last look, and keeps what it left. Before the first one it was touched
 * for the first time. */
static void note_touched(size_t used)
{
    if (thrift.looked)
        thrift.touched_bytes += size_minus(used, thrift.left_bytes);
    else
        thrift.first_bytes = used;
    thrift.looked = true;
    thrift.left_bytes = used;
    thrift.most_bytes = size_max(thrift.most_bytes, used);
}

static void note_needed(size_t bytes)
{
    thrift.needed_bytes = size_max(thrift.needed_bytes, bytes);
}

/* What the heap grew by since the first look. */
static size_t grown_bytes(void)
{
    return size_minus(thrift.most_bytes, thrift.first_bytes);
}

/* What was touched is new as far as the heap grew; the rest was touched again. */
static uint64_t cost_ns(void)
{
    uint64_t again = size_minus(thrift.touched_bytes, grown_bytes());
    return thrift.passes_ns + again / 1024 * AGAIN_NS_KIB;
}

/* What realloc moves leaves its old place behind at once, for the next to grow: passes there earn less. */
static uint64_t allowed_ns(bool moves)
{
    uint64_t age_ms = thrift_began_ms ? clock_coarse_ms() - thrift_began_ms : 0;
    uint64_t of_growth_ns = moves ? 0 : grown_bytes() / 1024 * ALLOWED_NS_KIB;
    return ALLOWED_NS + age_ms * (1000000 / ALLOWED_SHARE) + of_growth_ns;
}

/* What of the LRU a pass leaves alone: where slabs grow, all of a large one; a smaller one goes as a whole.
 * With a SuperSlab taken out of its midst the next huge block would have new ones mapped. */
static size_t kept_lru_bytes(enum thrift_growth growth)
{
    size_t bytes = growth == THRIFT_GROWTH_SLABS ? pool_lru_bytes() : 0;
    return bytes > ENOUGH_BYTES ? bytes : 0;
}

/* Of these, what a pass does not leave alone. */
static size_t without_kept(size_t loose, enum thrift_growth growth)
{
    return size_minus(loose, kept_lru_bytes(growth));
}

static struct look take_look(struct heap *heap, size_t resident, enum thrift_growth growth)
{
    struct look look = {.resident_bytes = resident};
    size_t cached = registry_cached_bytes(heap);
    size_t loose = pool_retained_bytes() + bin_free_bytes(heap);
    note_needed(size_minus(resident, loose + cached));
    look.used_bytes = size_minus(resident, cached);
    look.loose_bytes = without_kept(loose, growth);
    look.free_bytes = look.loose_bytes + cached;
    note_touched(look.used_bytes);
    return look;
}

/* Before slabs: so much beyond what the last pass could not give back, of this heap and of the pool. */
static size_t enough_loose_bytes(const struct heap *heap, const struct look *look)
{
    size_t stuck = heap->stuck_bytes + thrift.stuck_bytes;
    if (heap->moves)
        return stuck + look->used_bytes / LOOSE_SHARE_MOVES;
    return stuck + size_min(look->used_bytes / LOOSE_SHARE, LOOSE_MOST_BYTES);
}

static bool is_enough_free(const struct heap *heap, const struct look *look, enum thrift_growth growth)
{
    switch (growth) {
    case THRIFT_GROWTH_SLABS: return look->loose_bytes >= enough_loose_bytes(heap, look);
    case THRIFT_GROWTH_RUNS: return look->free_bytes >= look->resident_bytes / FREE_SHARE_RUNS;
    default: return look->free_bytes >= look->resident_bytes / FREE_SHARE;
    }
}

static bool may_cost(bool moves)
{
    return is_always() || cost_ns() <= allowed_ns(moves);
}

/* Whether a pass would earn something, and may be made. */
static bool is_worth_it(const struct heap *heap, const struct look *look, enum thrift_growth growth)
{
    return look->used_bytes >= thrift_used_marks[growth] && is_enough_free(heap, look, growth) &&
           thrift.touched_bytes <= TOUCHED_FACTOR * size_max(thrift.needed_bytes, LEAST_BYTES) &&
           may_cost(heap->moves);
}

/* All holes, or some, which go round the heap. */
static struct holes_result purge_holes(size_t enough_bytes)
{
    struct holes_result holes = {0};
    size_t units = size_min(region_units(), ENOUGH_UNITS), done = 0;
    if (is_always()) {
        thrift.unit = 0;
        holes_purge(&thrift.unit, SIZE_MAX, HOLES_ALL, &holes);
        return holes;
    }
    for (; done < units && holes.ranges < ENOUGH_RANGES && holes.bytes < enough_bytes; done += STEP_UNITS)
        holes_purge(&thrift.unit, STEP_UNITS, HOLES_ALL_SINGLY, &holes);
    thrift.passes_ns += done * UNIT_NS;
    return holes;
}

/* Where slabs grow, the LRU first, all of it or nothing; else last. In between holes, and free units. */
static size_t give_back(enum thrift_growth growth)
{
    size_t enough_bytes = is_always() ? SIZE_MAX : ENOUGH_BYTES;
    bool lru_first = growth == THRIFT_GROWTH_SLABS;
    if (is_always() && !thrift.asked_for_batches) {
        vm_allow_batches();
        thrift.asked_for_batches = true;
    }
    registry_empty_caches();
    size_t pooled_bytes = lru_first && !kept_lru_bytes(growth) ? pool_purge_spans() : 0;
    struct holes_result holes = purge_holes(size_minus(enough_bytes, pooled_bytes));
    enough_bytes = size_minus(enough_bytes, pooled_bytes + holes.bytes);
    pooled_bytes += lru_first ? pool_purge_units(enough_bytes) : pool_purge_some(PURGE_FREE, enough_bytes);
    scavenger_note_purged(pooled_bytes, holes.bytes);
    thrift.passes_ns += PASS_NS + holes.ranges * RANGE_NS +
                        (pooled_bytes + holes.bytes) / 1024 * GIVEN_NS_KIB;
    thrift.left_bytes = pool_resident_bytes();
    note_needed(thrift.left_bytes);
    return pooled_bytes + holes.bytes;
}

static void set_mark(enum thrift_growth growth, size_t bytes)
{
    atomic_store_explicit(&thrift_marks[growth], bytes, memory_order_relaxed);
}

static size_t raised(size_t mark, unsigned share, size_t above)
{
    return size_max(mark + mark / share, above + above / STEP_SHARE + STEP_BYTES);
}

/* Where the next look is by default: what is used may grow by less than what is resident, as cached blocks
 * come into use, so it is where half of what lacks to the mark is touched. */
static void set_look(enum thrift_growth growth, size_t resident, size_t used)
{
    size_t step = may_cost(false) ? LOOK_BYTES : resident / RISE_SHARE_AUTO;
    size_t lacking = size_minus(thrift_used_marks[growth], used);
    set_mark(growth, resident + size_max(lacking / 2, step));
}

/* Of any growth: there is none beyond the largest heap. */
static void raise_mark(size_t above)
{
    size_t mark = atomic_load_explicit(&thrift_marks[THRIFT_GROWTH_ANY], memory_order_relaxed);
    size_t next = raised(mark, RISE_SHARE, above);
    set_mark(THRIFT_GROWTH_ANY, next > THRIFT_MOST_BYTES ? SIZE_MAX : next);
}

/* After a pass both looks may be near again, but only what is used decides. */
static void note_pass(enum thrift_growth growth, const struct look *look)
{
    if (growth == THRIFT_GROWTH_ANY) {
        raise_mark(thrift.left_bytes);
        return;
    }
    thrift_used_marks[growth] = raised(size_max(thrift_used_marks[growth], look->used_bytes), RISE_SHARE_AUTO,
                                       thrift.left_bytes);
    set_look(THRIFT_GROWTH_SLABS, thrift.left_bytes, thrift.left_bytes);
    set_look(THRIFT_GROWTH_RUNS, thrift.left_bytes, thrift.left_bytes);
}

size_t thrift_note_growth(struct heap *heap, size_t units)
{
    size_t bytes = 0, resident = pool_resident_bytes() + units * UNIT_BYTES;
    enum thrift_growth growth = thrift_growth_of(units);
    if (heap != tls_real || (units && !pool_must_grow(units)) || !scavenger_try_hold())
        return 0;
    struct look look = take_look(heap, resident, growth);
    if (is_worth_it(heap, &look, growth) && !thread_blocks_signals()) {
        bytes = give_back(growth);
        heap->stuck_bytes = bin_free_bytes(heap);
        thrift.stuck_bytes = without_kept(pool_retained_bytes(), THRIFT_GROWTH_SLABS);
        note_pass(growth, &look);
    } else if (growth == THRIFT_GROWTH_ANY) {
        raise_mark(resident);
    } else {
        set_look(growth, resident, look.used_bytes);
    }
    scavenger_let_go();
    return bytes;
}

void thrift_begin(void)
{
    thrift_began_ms = clock_coarse_ms();
}

/* The child's time begins here, and so does what its passes cost. */
void thrift_fork_child(void)
{
    thrift.passes_ns = thrift.touched_bytes = 0;
    thrift.looked = false;
    thrift.most_bytes = 0;
    thrift_begin();
}
