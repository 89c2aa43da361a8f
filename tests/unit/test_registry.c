/* heap/registry.c: which thread has which heap, from its first call to after its end, and over a fork. */
#include "unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "front/front.h"
#include "hakmem.h"
#include "heap/depot.h"
#include "heap/fastcache.h"

enum { THREADS = 8, FORKS = UNIT_SANITIZED ? 10 : 40, CHURN = 100 };

static size_t heaps(void)
{
    size_t parked;
    return registry_heap_count(&parked);
}

static size_t parked_heaps(void)
{
    size_t parked;
    registry_heap_count(&parked);
    return parked;
}

static uint32_t owner_of(const void *block)
{
    return region_tag(region_unit_of(block)) >> TAG_OWNER_LOG2;
}

/* ---- attach, park, adopt */

static void expect_heap_at_first_call(void *unused)
{
    (void)unused;
    EXPECT(tls_real == NULL && thread_is_gated());
    void *block = front_malloc(10);
    EXPECT(tls_real != NULL && tls_heap == tls_real && tls_real != registry_commons());
    EXPECT(!atomic_load(&tls_real->parked));
    front_free(block);
}

ISOLATED(a_thread_gets_its_heap_with_its_first_call)
{
    expect_heap_at_first_call(NULL);
    struct heap *own = tls_real;
    EXPECT(registry_commons() == NULL && heaps() == 1);
    unit_in_thread(expect_heap_at_first_call, NULL);
    EXPECT(tls_real == own);
    EXPECT(registry_commons() != NULL && heaps() == 3); /* this thread's, that one's, the commons */
}

static void free_block(void *block)
{
    EXPECT(tls_real == NULL);
    front_free(block);
    EXPECT(tls_real != NULL);
}

ISOLATED(a_thread_that_only_frees_gets_one_as_well)
{
    unit_in_thread(free_block, front_malloc(10));
}

static void note_heap(void *result)
{
    front_free(front_malloc(10));
    *(struct heap **)result = tls_real;
}

ISOLATED(a_heap_is_parked_and_the_next_thread_adopts_it)
{
    struct heap *first = NULL, *second = NULL;
    front_free(front_malloc(10));
    unit_in_thread(note_heap, &first);
    EXPECT(parked_heaps() == 1 && atomic_load(&first->parked));
    unit_in_thread(note_heap, &second);
    EXPECT(second == first && atomic_load(&first->stats.adoptions) == 1);
    EXPECT(heaps() == 3);
}

/* Blocks of every class and of others' heaps, and runs: something is left in every cache of a busy heap. */
static void fill_caches(void *blocks_of_others)
{
    void **others = blocks_of_others;
    for (int round = 0; round < 3; round++)
        for (unsigned c = SIZE_CLASSES; c-- > 0;)
            front_free(front_malloc(class_size(c)));
    for (size_t units = 1; units <= RUN_CACHE_UNITS; units++)
        front_free(front_malloc(units * UNIT_BYTES));
    front_free(others[0]);
    front_free(front_malloc(class_size(0)));
    EXPECT(tls_real->busy);
    EXPECT(fastcache_blocks(tls_real, 0) > 0 && heap_bins(tls_real)->magazines[0]->count > 0);
    EXPECT(heap_bins(tls_real)->cached_runs[0] != 0);
    others[0] = tls_real;
}

ISOLATED(a_heap_is_parked_with_nothing_in_its_caches)
{
    void *exchange = front_malloc(16);
    atomic_store(&options.scavenger, 0); /* nothing empties them before */
    atomic_store(&options.thrift, THRIFT_NEVER);
    unit_in_thread(fill_caches, &exchange);
    struct heap *parked = exchange;
    EXPECT(atomic_load(&parked->parked));
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        struct magazine *magazine = heap_bins(parked)->magazines[c];
        EXPECT(fastcache_blocks(parked, c) == 0 && (!magazine || magazine->count == 0));
    }
    for (size_t units = 1; units <= RUN_CACHE_UNITS; units++)
        EXPECT(heap_bins(parked)->cached_runs[units - 1] == 0);
}

ISOLATED(heaps_stay_few_however_many_threads_follow_each_other)
{
    for (int i = 0; i < CHURN; i++) {
        struct heap *heap;
        unit_in_thread(note_heap, &heap);
    }
    EXPECT(heaps() <= 2 && parked_heaps() == 1);
    unit_validate();
}

struct meeting {
    pthread_barrier_t barrier;
    void *(*run)(struct meeting *meeting, int number);
    void *results[THREADS];
    int number;
};

static void *meet(void *argument)
{
    struct meeting *meeting = argument;
    int number = __atomic_fetch_add(&meeting->number, 1, __ATOMIC_RELAXED);
    meeting->results[number] = meeting->run(meeting, number);
    return NULL;
}

/* Threads that run at the same time; each may wait for the others at the barrier. */
static void run_meeting(struct meeting *meeting)
{
    pthread_t threads[THREADS];
    meeting->number = 0;
    pthread_barrier_init(&meeting->barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++)
        threads[i] = unit_thread(meet, meeting);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&meeting->barrier);
}

static void *hold_heap(struct meeting *meeting, int number)
{
    (void)number;
    front_free(front_malloc(10));
    pthread_barrier_wait(&meeting->barrier);
    return tls_real;
}

ISOLATED(no_two_threads_have_the_same_heap)
{
    struct meeting meeting = {.run = hold_heap};
    for (int round = 0; round < 5; round++) {
        run_meeting(&meeting);
        for (int i = 0; i < THREADS; i++)
            for (int j = 0; j < i; j++)
                EXPECT(meeting.results[i] != meeting.results[j]);
        EXPECT(parked_heaps() == THREADS);
    }
    EXPECT(heaps() == THREADS + 1);
}

/* Each of the parked heaps once in a round. */
static void expect_turns_of(size_t n)
{
    struct heap *turn[2 * THREADS];
    EXPECT(parked_heaps() == n);
    for (size_t i = 0; i < n; i++) {
        turn[i] = registry_some_parked();
        for (size_t j = 0; j < i; j++)
            EXPECT(turn[i] != turn[j]);
    }
    for (size_t i = 0; i < 2 * n; i++)
        EXPECT(registry_some_parked() == turn[i % n]);
    EXPECT(parked_heaps() == n);
}

ISOLATED(parked_heaps_take_turns_and_none_is_lost)
{
    struct meeting meeting = {.run = hold_heap};
    run_meeting(&meeting);
    expect_turns_of(THREADS);
}

/* What a parked heap has free serves whoever needs it, and returns to it. */
static void leave_one_block_of_each_slab(void *result)
{
    enum { BLOCKS = 4000 };
    static void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = front_malloc(2000);
    for (int i = 0; i < BLOCKS; i++)
        if ((uintptr_t)blocks[i] % UNIT_BYTES)
            front_free(blocks[i]);
    *(uint32_t *)result = tls_real->number;
}

ISOLATED(a_parked_heap_gives_blocks_to_others)
{
    uint32_t parked;
    front_free(front_malloc(10));
    unit_in_thread(leave_one_block_of_each_slab, &parked);
    EXPECT(parked_heaps() == 1);
    void *blocks[100];
    for (int i = 0; i < 100; i++) {
        blocks[i] = front_malloc(2000);
        EXPECT(owner_of(blocks[i]) == parked || owner_of(blocks[i]) == registry_commons()->number);
    }
    for (int i = 0; i < 100; i++)
        front_free(blocks[i]);
    unit_validate();
}

/* ---- waiting: others freed to a heap whose thread does not look */

enum { WAITING_BLOCKS = 4000, SLEEPERS = 40 };

struct sleeper {
    pthread_barrier_t *barrier;
    struct heap *heap;
    int blocks;
    void *block[WAITING_BLOCKS];
};

static void *allocate_and_sleep(void *argument)
{
    struct sleeper *sleeper = argument;
    front_free(front_malloc(10));
    while (!tls_real->busy)
        front_free(front_malloc(class_size(tls_real->slow_events % SIZE_CLASSES)));
    for (int i = 0; i < sleeper->blocks; i++)
        sleeper->block[i] = front_malloc(2000);
    sleeper->heap = tls_real;
    pthread_barrier_wait(sleeper->barrier);
    pthread_barrier_wait(sleeper->barrier);
    return NULL;
}

static size_t free_all_but_one_of_each_slab(void **blocks)
{
    size_t freed = 0;
    for (int i = 0; i < WAITING_BLOCKS; i++) {
        if ((uintptr_t)blocks[i] % UNIT_BYTES == 0)
            continue;
        front_free(blocks[i]);
        freed++;
    }
    return freed;
}

ISOLATED(what_was_freed_to_a_sleeping_heap_is_used_before_new_memory)
{
    static struct sleeper sleeper = {.blocks = WAITING_BLOCKS};
    pthread_barrier_t barrier;
    pthread_barrier_init(sleeper.barrier = &barrier, NULL, 2);
    atomic_store(&options.scavenger, 0); /* it would look, in the thread's stead */
    front_free(front_malloc(10));
    pthread_t thread = unit_undisturbed_thread(allocate_and_sleep, &sleeper);
    pthread_barrier_wait(&barrier);
    size_t freed = free_all_but_one_of_each_slab(sleeper.block);
    uint64_t slabs = atomic_load(&tls_real->stats.slabs_new);
    for (size_t i = 0; i < freed - 2 * MAGAZINE_BLOCKS; i++)
        EXPECT(owner_of(front_malloc(2000)) == sleeper.heap->number);
    EXPECT(atomic_load(&tls_real->stats.slabs_new) == slabs);
    pthread_barrier_wait(&barrier);
    pthread_join(thread, NULL);
    unit_validate();
}

static void collect(struct heap *heap)
{
    slab_link released = 0;
    heap_lock(heap);
    EXPECT(!bin_collect(heap, SIZE_MAX, &released));
    heap_unlock(heap);
    bin_give_released(heap, released);
}

static void allocate_one(void *result)
{
    *(void **)result = front_malloc(2000);
}

static void expect_no_lender(void)
{
    for (int looks = 0; looks < SLEEPERS; looks++)
        EXPECT(registry_next_lender() == NULL);
}

ISOLATED(the_commons_lends_nothing)
{
    void *block;
    front_free(front_malloc(10));
    unit_in_thread(allocate_one, &block);
    EXPECT(owner_of(block) == registry_commons()->number);
    depot_publish(tls_real, class_of_size(2000), &block, 1);
    EXPECT(bin_has_uncollected(registry_commons()));
    expect_no_lender();
}

/* Though a look is at a few heaps only. */
ISOLATED(a_heap_that_waits_is_found_among_many)
{
    static struct sleeper sleepers[SLEEPERS];
    pthread_t threads[SLEEPERS];
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, SLEEPERS + 1);
    atomic_store(&options.scavenger, 0);
    front_free(front_malloc(10));
    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i] = (struct sleeper){.barrier = &barrier, .blocks = 1};
        threads[i] = unit_undisturbed_thread(allocate_and_sleep, &sleepers[i]);
    }
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < SLEEPERS; i++) {
        struct heap *found = NULL;
        expect_no_lender();
        depot_publish(tls_real, class_of_size(2000), sleepers[i].block, 1);
        for (int looks = 0; !found && looks < SLEEPERS; looks++)
            found = registry_next_lender();
        EXPECT(found == sleepers[i].heap && registry_lender() == found);
        collect(found);
    }
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < SLEEPERS; i++)
        pthread_join(threads[i], NULL);
}

/* ---- late: after a thread's heap was parked */

static void work(void)
{
    char *p = front_malloc(100), *q = front_calloc(3000), *large = front_malloc(100000);
    EXPECT(p && q && large && block_is_zero(q, 3000));
    memset(p, 1, 100);
    memset(large, 2, 100000);
    EXPECT((p = front_realloc(p, 5000)) != NULL && p[99] == 1);
    EXPECT((large = front_realloc(large, 10)) != NULL && large[9] == 2);
    void *aligned = front_aligned(4096, 10, HOW_MALLOC | HOW_ALIGNED);
    EXPECT(is_aligned(aligned, 4096));
    front_free(aligned);
    front_free(large);
    front_free(q);
    front_free(p);
}

static void work_late(void *block)
{
    void *own = front_malloc(10);
    struct heap *heap = tls_real;
    registry_detach();
    EXPECT(atomic_load(&heap->parked));
    EXPECT(tls_real == registry_commons() && thread_is_gated());
    work();
    front_free(own);
    front_free(block);
    EXPECT(tls_real == registry_commons() && thread_is_gated());
    registry_detach(); /* of no heap: nothing */
    EXPECT(tls_real == registry_commons());
}

ISOLATED(a_thread_without_its_heap_shares_the_commons)
{
    unit_in_thread(work_late, front_malloc(10));
    EXPECT(parked_heaps() == 1);
    unit_validate();
}

ISOLATED(the_main_thread_may_be_late_too)
{
    work_late(front_malloc(10));
    unit_in_thread(expect_heap_at_first_call, NULL);
    work();
    unit_validate();
}

static pthread_key_t key;
static _Atomic int late_rounds, rounds;

/* Arms itself again, so that it runs in every round of destructors, the last included. */
static void destructor(void *value)
{
    work();
    atomic_fetch_add(&rounds, 1);
    if (tls_real == registry_commons())
        atomic_fetch_add(&late_rounds, 1);
    front_free(value);
    pthread_setspecific(key, front_malloc(10));
}

static void set_key(void *unused)
{
    (void)unused;
    pthread_setspecific(key, front_malloc(10));
}

ISOLATED(destructors_allocate_before_and_after_the_heap_is_parked)
{
    front_free(front_malloc(10));
    EXPECT(pthread_key_create(&key, destructor) == 0);
    unit_in_thread(set_key, NULL);
    EXPECT(atomic_load(&rounds) > 1);
    EXPECT(atomic_load(&late_rounds) < atomic_load(&rounds));
    EXPECT(atomic_load(&late_rounds) > 0);
    EXPECT(parked_heaps() == 1);
    unit_validate();
}

/* Whoever made the commons, the second heap brings what only several threads need. */
ISOLATED(remote_maps_come_with_the_second_heap)
{
    front_free(front_malloc(10));
    EXPECT(registry_make_commons() != NULL);
    struct heap *heap;
    unit_in_thread(note_heap, &heap);
    EXPECT(atomic_load(&region.remote_units) == region_units());
}

/* ---- young heaps */

enum { YOUNG_BLOCKS = 24, YOUNG_SIZES = 3 };

static char *young_blocks[THREADS][YOUNG_BLOCKS];
static const size_t young_sizes[YOUNG_SIZES] = {16, 48, 200};

static size_t young_size(int i)
{
    return young_sizes[i % YOUNG_SIZES];
}

static void *allocate_young(struct meeting *meeting, int number)
{
    char **blocks = young_blocks[number];
    for (int i = 0; i < YOUNG_BLOCKS; i++) { /* all in turn: what one borrows lies beside what others do */
        blocks[i] = front_malloc(young_size(i));
        pthread_barrier_wait(&meeting->barrier);
    }
    for (int i = 0; i < YOUNG_BLOCKS / 2; i++)
        front_free(blocks[i]);
    pthread_barrier_wait(&meeting->barrier);
    for (int i = 0; i < YOUNG_BLOCKS / 2; i++)
        blocks[i] = front_malloc(young_size(i));
    EXPECT(!tls_real->busy);
    pthread_barrier_wait(&meeting->barrier);
    return NULL;
}

static bool share_a_line(const char *a, size_t a_size, const char *b, size_t b_size)
{
    uintptr_t a_first = (uintptr_t)a / CACHE_LINE, a_last = ((uintptr_t)a + a_size - 1) / CACHE_LINE;
    uintptr_t b_first = (uintptr_t)b / CACHE_LINE, b_last = ((uintptr_t)b + b_size - 1) / CACHE_LINE;
    return a_first <= b_last && b_first <= a_last;
}

static void young_threads_share_no_cache_line_isolated(void *unused)
{
    (void)unused;
    struct meeting meeting = {.run = allocate_young};
    front_free(front_malloc(10));
    run_meeting(&meeting);
    for (int a = 0; a < THREADS * YOUNG_BLOCKS; a++)
        for (int b = 0; b < a; b++) {
            const char *x = young_blocks[a / YOUNG_BLOCKS][a % YOUNG_BLOCKS];
            const char *y = young_blocks[b / YOUNG_BLOCKS][b % YOUNG_BLOCKS];
            EXPECT(owner_of(x) == registry_commons()->number);
            EXPECT(a / YOUNG_BLOCKS == b / YOUNG_BLOCKS ||
                   !share_a_line(x, young_size(a % YOUNG_BLOCKS), y, young_size(b % YOUNG_BLOCKS)));
        }
}

static void young_threads_share_no_cache_line(void **state)
{
    (void)state;
    if (HAKMEM_TORTURE)
        skip(); /* caches of two blocks borrow less than a line */
    unit_in_child(young_threads_share_no_cache_line_isolated, NULL);
}

static void become_busy(void *unused)
{
    (void)unused;
    void *kept[10 * YOUNG_EVENTS];
    front_free(front_malloc(10));
    EXPECT(!tls_real->busy && !tls_real->has_slabs);
    for (unsigned i = 0; i < 10 * YOUNG_EVENTS; i++)
        kept[i] = front_malloc(100);
    EXPECT(tls_real->busy);
    EXPECT(owner_of(kept[0]) == registry_commons()->number);
    EXPECT(owner_of(kept[10 * YOUNG_EVENTS - 1]) == tls_real->number);
    for (unsigned i = 0; i < 10 * YOUNG_EVENTS; i++)
        front_free(kept[i]);
}

/* Leaves a block, and with it a slab, behind. */
static void become_busy_again(void *unused)
{
    (void)unused;
    void *kept[10 * YOUNG_EVENTS];
    for (unsigned i = 0; i < 10 * YOUNG_EVENTS; i++)
        kept[i] = front_malloc(100);
    EXPECT(tls_real->busy && owner_of(kept[10 * YOUNG_EVENTS - 1]) == tls_real->number);
    for (unsigned i = 0; i < 10 * YOUNG_EVENTS - 1; i++)
        front_free(kept[i]);
}

static void expect_young_with_slabs(void *unused)
{
    (void)unused;
    void *block = front_malloc(100);
    EXPECT(!tls_real->busy && tls_real->has_slabs);
    EXPECT(owner_of(block) == tls_real->number); /* what it has goes before what it would borrow */
    front_free(block);
}

ISOLATED(an_adopted_heap_is_young_again_and_keeps_its_slabs)
{
    front_free(front_malloc(10));
    unit_in_thread(become_busy_again, NULL);
    unit_in_thread(expect_young_with_slabs, NULL);
    EXPECT(heaps() == 3);
}

ISOLATED(a_thread_that_does_much_gets_slabs_of_its_own)
{
    front_free(front_malloc(10));
    EXPECT(tls_real->busy); /* the first heap is the program's */
    unit_in_thread(become_busy, NULL);
    hakmem_trim();
    unit_validate();
    struct hakmem_stats stats;
    hakmem_stats_read(&stats, sizeof stats);
    EXPECT(stats.live_blocks == 0);
}

/* ---- fork */

static _Atomic bool stop;

static void *allocate_until_stop(void *argument)
{
    enum { SLOTS = 200 };
    static __thread void *slots[SLOTS];
    uint64_t random = unit_random((uintptr_t)argument);
    while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
        size_t i = random_below(&random, SLOTS);
        front_free(slots[i]);
        slots[i] = random_below(&random, 2) ? front_malloc(random_below(&random, 3000)) : NULL;
    }
    for (int i = 0; i < SLOTS; i++)
        front_free(slots[i]);
    return NULL;
}

static void work_in_child(void)
{
    pid_t child = fork();
    EXPECT(child >= 0);
    if (child == 0) {
        alarm(UNIT_CHILD_SECONDS / 3);
        EXPECT(!atomic_load(&tls_real->parked));
        unit_validate();
        for (int i = 0; i < 100; i++)
            work();
        hakmem_trim();
        unit_validate();
        _exit(0);
    }
    int status;
    while (waitpid(child, &status, 0) < 0)
        EXPECT(errno == EINTR);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void fork_often(void *unused)
{
    (void)unused;
    pthread_t threads[2];
    work(); /* before there is a second thread, as in every process whose pthread_create allocates */
    atomic_store(&stop, false);
    for (uintptr_t i = 0; i < 2; i++)
        threads[i] = unit_thread(allocate_until_stop, (void *)i);
    for (int i = 0; i < FORKS; i++)
        work_in_child();
    atomic_store(&stop, true);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

ISOLATED(a_child_works_whatever_other_threads_were_doing)
{
    fork_often(NULL);
    unit_validate();
}

ISOLATED(so_does_a_child_of_a_thread)
{
    unit_in_thread(fork_often, NULL);
    unit_validate();
}

static void fork_once(void *unused)
{
    (void)unused;
    work();
    work_in_child();
}

ISOLATED(a_child_works_after_the_first_heap_was_adopted)
{
    struct heap *first, *second;
    unit_in_thread(note_heap, &first);
    unit_in_thread(note_heap, &second);
    EXPECT(first == second);
    unit_in_thread(fork_once, NULL);
}

/* In the child the other threads' heaps are parked, and their blocks can be freed. */
static void *hold_until_forked(struct meeting *meeting, int number)
{
    void *block = front_malloc(100 * (size_t)(number + 1));
    meeting->results[number] = block;
    pthread_barrier_wait(&meeting->barrier);
    if (number == 0) {
        pid_t child = fork();
        if (child == 0) {
            alarm(UNIT_CHILD_SECONDS / 3);
            EXPECT(parked_heaps() == THREADS - 1);
            for (int i = 0; i < THREADS; i++)
                front_free(meeting->results[i]);
            unit_validate();
            hakmem_trim();
            _exit(0);
        }
        int status;
        EXPECT(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    pthread_barrier_wait(&meeting->barrier);
    front_free(block);
    return NULL;
}

ISOLATED(a_child_parks_the_heaps_of_threads_it_has_not)
{
    struct meeting meeting = {.run = hold_until_forked};
    run_meeting(&meeting);
    EXPECT(parked_heaps() == THREADS);
}

/* ---- trim */

static void free_elsewhere(void *argument)
{
    void **blocks = argument;
    for (int i = 0; i < 1000; i++)
        front_free(blocks[i]);
}

ISOLATED(a_trim_empties_caches_depot_and_inboxes)
{
    static void *blocks[1000];
    for (int i = 0; i < 1000; i++)
        blocks[i] = front_malloc(200);
    unit_in_thread(free_elsewhere, blocks);
    EXPECT(hakmem_trim() > 0);
    struct hakmem_stats stats;
    hakmem_stats_read(&stats, sizeof stats);
    EXPECT(stats.live_blocks == 0 && stats.cached_bytes == 0);
    EXPECT(stats.superslabs_in_use == 0 && stats.retained_bytes == 0);
    for (size_t unit = 0; unit < region_units(); unit++)
        EXPECT(region_tag(unit) == TAG_NONE);
    unit_validate();
    work();
}

static size_t units_of_slabs(void)
{
    size_t units = 0;
    for (size_t unit = 0; unit < region_units(); unit++)
        units += region_tag(unit) >= TAG_OWNED;
    return units;
}

ISOLATED(caches_are_emptied_and_slabs_stay_but_for_a_rest)
{
    front_free(front_malloc(16));
    front_free(front_malloc(100));
    size_t units = units_of_slabs();
    EXPECT(registry_cached_bytes(tls_real) > 0);
    thread_enter();
    registry_empty_caches();
    thread_leave(tls_real);
    EXPECT(registry_cached_bytes(tls_real) == 0 && units_of_slabs() == units);
    front_free(front_malloc(100));
    thread_enter();
    EXPECT(registry_rest() > 0);
    thread_leave(tls_real);
    EXPECT(registry_cached_bytes(tls_real) == 0 && units_of_slabs() == 0);
    unit_validate();
}

/* ---- forks by handlers that interrupted the registry */

static void *hold_heap_until_over(void *argument)
{
    pthread_barrier_t *barrier = argument;
    front_free(front_malloc(10));
    pthread_barrier_wait(barrier);
    pthread_barrier_wait(barrier);
    return NULL;
}

static void change_the_registry(void)
{
    thread_enter();
    registry_some_parked();
    thread_leave(tls_real);
}

ISOLATED(a_child_of_a_handler_parks_others_heaps_once_the_list_is_whole)
{
    struct meeting meeting = {.run = hold_heap};
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, 2);
    front_free(front_malloc(10));
    run_meeting(&meeting);
    pthread_t other = unit_undisturbed_thread(hold_heap_until_over, &barrier);
    pthread_barrier_wait(&barrier);
    EXPECT(parked_heaps() == THREADS - 1);
    if (unit_fork_in_handlers(change_the_registry, fork)) { /* the other thread's heap is parked as well */
        registry_some_parked();
        expect_turns_of(THREADS);
        unit_validate();
        _exit(0);
    }
    pthread_barrier_wait(&barrier);
    pthread_join(other, NULL);
    expect_turns_of(THREADS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_child_of_a_handler_parks_others_heaps_once_the_list_is_whole),
    cmocka_unit_test(a_thread_gets_its_heap_with_its_first_call),
    cmocka_unit_test(a_thread_that_only_frees_gets_one_as_well),
    cmocka_unit_test(a_heap_is_parked_and_the_next_thread_adopts_it),
    cmocka_unit_test(a_heap_is_parked_with_nothing_in_its_caches),
    cmocka_unit_test(heaps_stay_few_however_many_threads_follow_each_other),
    cmocka_unit_test(no_two_threads_have_the_same_heap),
    cmocka_unit_test(parked_heaps_take_turns_and_none_is_lost),
    cmocka_unit_test(a_parked_heap_gives_blocks_to_others),
    cmocka_unit_test(what_was_freed_to_a_sleeping_heap_is_used_before_new_memory),
    cmocka_unit_test(the_commons_lends_nothing),
    cmocka_unit_test(a_heap_that_waits_is_found_among_many),
    cmocka_unit_test(a_thread_without_its_heap_shares_the_commons),
    cmocka_unit_test(the_main_thread_may_be_late_too),
    cmocka_unit_test(destructors_allocate_before_and_after_the_heap_is_parked),
    cmocka_unit_test(remote_maps_come_with_the_second_heap),
    cmocka_unit_test(young_threads_share_no_cache_line),
    cmocka_unit_test(a_thread_that_does_much_gets_slabs_of_its_own),
    cmocka_unit_test(an_adopted_heap_is_young_again_and_keeps_its_slabs),
    cmocka_unit_test(a_child_works_whatever_other_threads_were_doing),
    cmocka_unit_test(so_does_a_child_of_a_thread),
    cmocka_unit_test(a_child_works_after_the_first_heap_was_adopted),
    cmocka_unit_test(a_child_parks_the_heaps_of_threads_it_has_not),
    cmocka_unit_test(a_trim_empties_caches_depot_and_inboxes),
    cmocka_unit_test(caches_are_emptied_and_slabs_stay_but_for_a_rest),
};

UNIT_MAIN(tests)
