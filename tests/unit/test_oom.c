/* The kernel refuses: each of its calls in turn, and all of them from some moment on.
 *
 * A workload of every kind of allocation, on three threads that take turns, must get NULL and ENOMEM or
 * what it asked for; contents stay, calloc gives zeroes, the structures stay valid, frees never fail; and
 * once the kernel gives again, everything works again. Each case has a process of its own, since many
 * calls happen once in one. */
#include "unit/unit.h"

#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/bits.h"
#include "front/front.h"
#include "hakmem.h"
#include "heap/scavenger.h"
#include "os/vm.h"
#include "pool/pool.h"

enum {
    SLOTS = 8000,
    WORKERS = 2,
    KEPT_BYTES = 128, /* of a block, at both ends, are written and checked */
    CALLS_MAX = 3000, /* more calls than the workload makes */
    LIMIT_CASES = 25,
    MIB = 1 << 20,
};

struct live {
    char *block; /* NULL: an empty slot */
    size_t size;
    uint64_t seed;
};

/* One process's state. */
static struct live slots[SLOTS];
static uint64_t refused, calls_made, limit_at; /* calls of ours; that before which the limit is set */
static bool may_be_refused;

/* What a child tells its parent. */
static struct report {
    uint64_t kernel_calls, calls_made, refused;
} * report;

/* ---- the limit of address space: under it the kernel gives nothing more */

static struct rlimit normal_limit;

static void touch_stack(void)
{
    volatile char stack[512 * 1024]; /* it could not grow either */
    for (size_t i = 0; i < sizeof stack; i += 4096)
        stack[i] = 1;
}

static void set_limit(void)
{
    touch_stack();
    getrlimit(RLIMIT_AS, &normal_limit);
    EXPECT(setrlimit(RLIMIT_AS, &(struct rlimit){4096, normal_limit.rlim_max}) == 0);
}

static void lift_limit(void)
{
    if (normal_limit.rlim_max)
        EXPECT(setrlimit(RLIMIT_AS, &normal_limit) == 0);
}

/* ---- calls that may be refused */

static void before_call(void)
{
    if (++calls_made == limit_at)
        set_limit();
    errno = 0;
}

static bool was_refused(const void *block)
{
    if (block)
        return false;
    EXPECT(errno == ENOMEM && may_be_refused);
    refused++;
    return true;
}

static size_t end_offset(size_t size)
{
    return size > KEPT_BYTES ? (size - KEPT_BYTES) & ~(size_t)7 : size;
}

static void fill(struct live *live, char *block, size_t size)
{
    *live = (struct live){block, size, hash64((uintptr_t)block + size)};
    block_fill(block, size_min(size, KEPT_BYTES), live->seed);
    block_fill(block + end_offset(size), size - end_offset(size), live->seed + end_offset(size));
}

static void verify(const struct live *live)
{
    EXPECT(block_holds(live->block, size_min(live->size, KEPT_BYTES), live->seed));
    EXPECT(block_holds(live->block + end_offset(live->size), live->size - end_offset(live->size),
                       live->seed + end_offset(live->size)));
}

static struct live *empty_slot(void)
{
    static int at;
    for (int tries = 0; slots[at].block; tries++) {
        EXPECT(tries < SLOTS);
        at = (at + 1) % SLOTS;
    }
    return &slots[at];
}

static struct live *keep(char *block, size_t size)
{
    struct live *live = empty_slot();
    EXPECT(front_usable_size(NULL, block) >= size);
    fill(live, block, size);
    return live;
}

static struct live *allocate(size_t size)
{
    before_call();
    char *block = front_malloc(size);
    return was_refused(block) ? NULL : keep(block, size);
}

static void allocate_zeroed(size_t size)
{
    before_call();
    char *block = front_calloc(size);
    if (was_refused(block))
        return;
    EXPECT(block_is_zero(block, size));
    keep(block, size);
}

static void allocate_aligned(size_t align, size_t size)
{
    before_call();
    char *block = front_aligned(align, size, HOW_MALLOC | HOW_ALIGNED);
    if (was_refused(block))
        return;
    EXPECT(is_aligned(block, align));
    keep(block, size);
}

/* Refused, it leaves the block as it was. */
static void resize(struct live *live, size_t size)
{
    if (!live)
        return;
    before_call();
    char *block = front_realloc(live->block, size);
    if (was_refused(block)) {
        verify(live);
        return;
    }
    EXPECT(block_holds(block, size_min(size_min(live->size, size), KEPT_BYTES), live->seed));
    fill(live, block, size);
}

static void release(struct live *live)
{
    if (!live || !live->block)
        return;
    verify(live);
    front_free(live->block);
    live->block = NULL;
}

static void release_every(int step)
{
    for (int i = 0; i < SLOTS; i += step)
        release(&slots[i]);
}

/* ---- the workload */

static void small_blocks(void)
{
    for (unsigned c = 0; c < SIZE_CLASSES; c++)
        for (int i = 0; i < 3; i++)
            allocate(class_size(c) - (size_t)i);
    for (int i = 0; i < 200; i++)
        allocate(1000);
}

static void large_blocks(void)
{
    for (size_t size = SLAB_MAX_BYTES + 1; size <= 3 * MIB; size *= 2)
        allocate(size);
    release_every(2);
    for (size_t size = 3 * MIB; size > SLAB_MAX_BYTES; size /= 2)
        allocate(size);
}

static void zeroed_blocks(void)
{
    release_every(3);
    for (size_t size = 100; size < 4 * MIB; size *= 4)
        allocate_zeroed(size);
}

static void aligned_blocks(void)
{
    for (size_t align = 32; align <= 4 * MIB; align *= 4) {
        allocate_aligned(align, 100);
        allocate_aligned(align, 70000);
    }
}

static void growing_block(void)
{
    struct live *live = allocate(100);
    for (size_t size = 200; size < 4 * MIB; size *= 3)
        resize(live, size);
    struct live *obstacle = allocate(2 * MIB);
    for (size_t size = 4 * MIB; size <= 8 * MIB; size += 2 * MIB)
        resize(live, size); /* moved, and then in place */
    struct live *another = allocate(2 * MIB);
    resize(live, 11 * MIB);
    resize(live, 5 * MIB);
    resize(live, 40000);
    release(another);
    release(obstacle);
    release(live);
}

static void giving_back(void)
{
    release_every(2);
    hakmem_trim();
    allocate_zeroed(3 * MIB);
    allocate_zeroed(100000);
    before_call();
    pool_prewarm(3);
    release_every(5);
    pool_purge(PURGE_AGED);
    scavenger_trim();
    scavenger_trim();
    allocate_zeroed(20000);
}

static void (*const phases[])(void) = {small_blocks,  large_blocks, zeroed_blocks, aligned_blocks,
                                       growing_block, giving_back,  small_blocks};

/* Threads take turns, so that the calls come in one order: each does a phase, with blocks of all. */
static struct worker {
    pthread_t thread;
    sem_t go, done;
    void (*phase)(void); /* NULL: the end */
} workers[WORKERS];

static void *work(void *argument)
{
    struct worker *worker = argument;
    for (;;) {
        sem_wait(&worker->go);
        void (*phase)(void) = worker->phase;
        if (phase)
            phase();
        sem_post(&worker->done);
        if (!phase)
            return NULL;
    }
}

static void start_workers(void)
{
    for (int i = 0; i < WORKERS; i++) {
        sem_init(&workers[i].go, 0, 0);
        sem_init(&workers[i].done, 0, 0);
        workers[i].thread = unit_thread(work, &workers[i]);
    }
}

static void let_work(struct worker *worker, void (*phase)(void))
{
    worker->phase = phase;
    sem_post(&worker->go);
    sem_wait(&worker->done);
}

static void end_workers(void)
{
    for (int i = 0; i < WORKERS; i++) {
        let_work(&workers[i], NULL);
        pthread_join(workers[i].thread, NULL);
    }
}

static void run_phases(void)
{
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        phases[i]();
        for (int w = 0; w < WORKERS; w++)
            let_work(&workers[w], phases[i]);
        unit_validate();
        release_every(4);
    }
}

/* ---- what must hold once the kernel gives again */

static bool count_block(void *block, size_t usable_size, void *argument)
{
    (void)block;
    (void)usable_size;
    ++*(size_t *)argument;
    return true;
}

static void expect_nothing_lost(void)
{
    size_t walked = 0, kept = 0;
    for (int i = 0; i < SLOTS; i++)
        if (slots[i].block) {
            verify(&slots[i]);
            kept++;
        }
    unit_validate();
    EXPECT(hakmem_walk(count_block, &walked) && walked == kept);
}

static void expect_everything_works(void)
{
    may_be_refused = false;
    expect_nothing_lost();
    run_phases();
    expect_nothing_lost();
    end_workers();
    start_workers();
    let_work(&workers[0], small_blocks); /* on a heap that was parked */
    release_every(1);
    end_workers();
    hakmem_trim();
    expect_nothing_lost();
}

/* ---- one call refused */

/* Passes of a heap's thrift are more as time goes by: the calls would not be the same each time. */
static void set_options(void)
{
    atomic_store(&options.ss_lru_size, 2);
    atomic_store(&options.thrift, THRIFT_NEVER);
}

static void fail_kernel_call(void *argument)
{
    start_workers();
    set_options();
    may_be_refused = true;
    vm_test_fail_at(*(uint64_t *)argument);
    run_phases();
    report->kernel_calls = vm_test_fail_at(0);
    report->refused += refused;
    expect_everything_works();
}

static void each_kernel_call_may_fail(void **state)
{
    (void)state;
    *report = (struct report){.kernel_calls = CALLS_MAX};
    uint64_t random = unit_random(1), stride = UNIT_PROCESS_IS_DEAR ? 40 : UNIT_SANITIZED ? 5 : 1;
    for (uint64_t k = 1 + random_below(&random, stride); k <= report->kernel_calls; k += stride) {
        EXPECT(k < CALLS_MAX);
        unit_in_child(fail_kernel_call, &k);
    }
    printf("%llu kernel calls, %llu calls of ours refused\n", (unsigned long long)report->kernel_calls,
           (unsigned long long)report->refused);
    assert_true(report->kernel_calls > 10);
}

/* The same with a thread's end among the calls. */
static void fail_when_threads_end(void *argument)
{
    start_workers();
    let_work(&workers[0], small_blocks); /* the first heap is a worker's */
    let_work(&workers[1], small_blocks);
    may_be_refused = true;
    vm_test_fail_at(*(uint64_t *)argument);
    end_workers();
    small_blocks();
    start_workers();
    run_phases();
    report->kernel_calls = vm_test_fail_at(0);
    expect_everything_works();
}

static void kernel_calls_may_fail_when_threads_end(void **state)
{
    (void)state;
    enum { FIRST_CALLS = 20 };
    for (uint64_t k = 1; k <= FIRST_CALLS; k++)
        unit_in_child(fail_when_threads_end, &k);
}

/* ---- all refused from a moment on */

static void fail_all(void *argument)
{
    limit_at = *(uint64_t *)argument;
    touch_stack(); /* that of this thread, too, if another sets the limit */
    start_workers();
    set_options();
    may_be_refused = true;
    run_phases();
    run_phases();
    lift_limit();
    report->calls_made = calls_made;
    report->refused += refused;
    expect_everything_works();
}

static void all_may_fail_from_any_moment_on(void **state)
{
    (void)state;
    if (UNIT_SANITIZED)
        skip(); /* a sanitizer needs memory too */
    *report = (struct report){0};
    uint64_t never = UINT64_MAX;
    unit_in_child(fail_all, &never);
    assert_int_equal(report->refused, 0);
    uint64_t stride = report->calls_made / LIMIT_CASES + 1, last = report->calls_made;
    for (uint64_t at = 1; at <= last; at += stride)
        unit_in_child(fail_all, &at);
    for (uint64_t at = 2; at < 10; at++) /* while the heaps are being made */
        unit_in_child(fail_all, &at);
    assert_true(report->refused > 0);
}

/* ---- what little is left is found */

ISOLATED_UNLESS_SANITIZED(memory_given_back_serves_again_under_a_limit)
{
    uint64_t first = 0, again = 0;
    EXPECT(front_malloc(1));
    front_free(front_malloc(100000)); /* there is room for such a block before there is a limit */
    may_be_refused = true;
    set_limit();
    while (first < SLOTS && allocate(1000))
        first++;
    EXPECT(first > 0 && refused == 1);
    release_every(1);
    while (again < SLOTS && allocate(1000))
        again++;
    EXPECT(again >= first);
    release_every(1);
    hakmem_trim();
    EXPECT(allocate(100000)); /* what small blocks had serves others */
    lift_limit();
    unit_validate();
}

ISOLATED_UNLESS_SANITIZED(a_block_shrinks_without_memory)
{
    struct live *large = allocate(30000);
    may_be_refused = true;
    set_limit();
    while (allocate(1000))
        ;
    EXPECT(refused == 1);
    resize(large, 1000);
    EXPECT(refused == 1); /* it stays where it is */
    lift_limit();
}

static void allocate_all_there_is(void)
{
    while (allocate(1000))
        ;
}

/* It waits in a heap whose thread makes no call. */
ISOLATED_UNLESS_SANITIZED(what_others_freed_serves_other_sizes_under_a_limit)
{
    start_workers();
    EXPECT(allocate(1000));
    let_work(&workers[0], small_blocks);
    may_be_refused = true;
    set_limit();
    let_work(&workers[0], allocate_all_there_is);
    release_every(1);
    EXPECT(refused == 1 && allocate(2000));
    lift_limit();
    release_every(1);
    end_workers();
    unit_validate();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_block_shrinks_without_memory),
    cmocka_unit_test(what_others_freed_serves_other_sizes_under_a_limit),
    cmocka_unit_test(each_kernel_call_may_fail),
    cmocka_unit_test(kernel_calls_may_fail_when_threads_end),
    cmocka_unit_test(all_may_fail_from_any_moment_on),
    cmocka_unit_test(memory_given_back_serves_again_under_a_limit),
};

int main(int argc, char **argv)
{
    unit_start(argc, argv);
    report = mmap(NULL, sizeof *report, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(report != MAP_FAILED);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
