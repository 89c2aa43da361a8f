/* runcache.c - src/heap/runcache.c itself, for a checker of the C11 memory model: a thread keeps, takes and
 * keeps again a run, while the scavenger gives to the pool what has been kept since its last pass.
 *
 *   a. a run is the thread's, the cache's or the pool's: what is written to it is plain, and the checker
 *      reports a race;
 *   b. none is lost, none is taken twice. */
#include <assert.h>
#include <pthread.h>

#include "heap/runcache.c"

enum { RUN = 5, UNITS = 1, OF_THREAD = 1, OF_POOL = 2 };

struct region region;

static _Alignas(HEAP_BINS_OFFSET) char cell[CELL_BYTES];
static int run_is; /* of who has the run */

void pool_give_units(size_t unit, size_t units)
{
    assert(unit == RUN && units == UNITS && run_is == OF_THREAD); /* b */
    run_is = OF_POOL;
}

static void keep_run(struct heap *heap)
{
    run_is = OF_THREAD;
    bool kept = runcache_put(heap, RUN, UNITS);
    assert(kept);
}

static void *thread(void *heap)
{
    keep_run(heap);
    size_t run = runcache_take(heap, UNITS);
    if (run == SIZE_MAX)
        return NULL;
    assert(run == RUN && run_is == OF_THREAD); /* b */
    keep_run(heap);
    return NULL;
}

int main(void)
{
    pthread_t owner;
    struct heap *heap = (struct heap *)(void *)cell;
    heap->has_slabs = true;
    pthread_create(&owner, NULL, thread, heap);
    runcache_release_quiet(heap);
    runcache_release_quiet(heap);
    pthread_join(owner, NULL);
    runcache_flush(heap);
    assert(run_is == OF_POOL); /* b */
    return 0;
}
