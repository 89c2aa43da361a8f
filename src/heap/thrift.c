#include "heap/thrift.h"

#include "heap/holes.h"
#include "heap/registry.h"
#include "heap/scavenger.h"
#include "os/vm.h"

enum {
    LEAST_BYTES = HAKMEM_TORTURE ? 65536 : 4 * 1024 * 1024, /* resident in a heap that is worth it, */
    MOST_BYTES = 256 * 1024 * 1024,                         /* and in one that is small */
    STEP_BYTES = HAKMEM_TORTURE ? 16384 : 128 * 1024,       /* of growth between two passes, */
    STEP_SHARE = 48,                                        /* and a share of what is left by one */
    RISE_SHARE = 256,                                       /* of the mark, by which it rises at least */
    FREE_SHARE = 64,                                        /* of what is resident, that must be free */
    TOUCHED_FACTOR = 8,                                     /* see thrift.h */
};

_Atomic size_t thrift_mark_bytes = LEAST_BYTES;

/* [lock: scavenger] */
static struct {
    bool began;           /* there was a pass */
    size_t left_bytes;    /* resident after the last pass, or look */
    size_t needed_bytes;  /* most that ever was after a pass, or while little was free */
    size_t touched_bytes; /* between passes, in all */
} thrift;

/* Counts what was touched since the last look, and keeps what it left. Before the first one it was touched
 * for the first time. */
static void note_touched(size_t used)
{
    if (thrift.left_bytes)
        thrift.touched_bytes += used - size_min(thrift.left_bytes, used);
    thrift.left_bytes = used;
}

static void note_needed(void)
{
    thrift.needed_bytes = size_max(thrift.needed_bytes, thrift.left_bytes);
}

/* Whether a pass would earn something. What is cached counts as free, but as not touched: much of it never
 * was. */
static bool is_worth_it(struct heap *heap, size_t resident)
{
    size_t cached = registry_cached_bytes(heap);
    note_touched(resident - size_min(cached, resident));
    if (pool_retained_bytes() + cached + bin_free_bytes(heap) >= resident / FREE_SHARE)
        return thrift.touched_bytes <= TOUCHED_FACTOR * size_max(thrift.needed_bytes, LEAST_BYTES);
    note_needed();
    return false;
}

static size_t give_back(void)
{
    struct holes_result holes = {0};
    size_t unit = 0;
    if (!thrift.began)
        vm_allow_batches();
    thrift.began = true;
    registry_rest();
    holes_purge(&unit, SIZE_MAX, true, &holes);
    size_t units_bytes = pool_purge(PURGE_FREE);
    scavenger_note_purged(units_bytes, holes.bytes);
    thrift.left_bytes = pool_resident_bytes();
    note_needed();
    return units_bytes + holes.bytes;
}

static void raise_mark(size_t above)
{
    size_t mark = atomic_load_explicit(&thrift_mark_bytes, memory_order_relaxed);
    mark = size_max(mark + mark / RISE_SHARE, above + above / STEP_SHARE + STEP_BYTES);
    atomic_store_explicit(&thrift_mark_bytes, mark > MOST_BYTES ? SIZE_MAX : mark, memory_order_relaxed);
}

size_t thrift_note_growth(struct heap *heap, size_t units)
{
    size_t bytes = 0;
    if (heap != tls_real || (units && !pool_must_grow(units)) || !scavenger_try_hold())
        return 0;
    size_t resident = pool_resident_bytes() + units * UNIT_BYTES;
    if (is_worth_it(heap, resident)) {
        bytes = give_back();
        raise_mark(thrift.left_bytes);
    } else {
        raise_mark(resident);
    }
    scavenger_let_go();
    return bytes;
}
