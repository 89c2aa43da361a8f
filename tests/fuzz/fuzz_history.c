/* A history of calls, by several threads, against a model that knows each block's bytes.
 *
 * Each step is a byte that says what is done and the bytes it needs. Threads take turns: a step runs in the
 * thread whose turn it is while the others wait, so an input always does the same. Every so often, and at
 * the end, the whole heap is validated, and walk and statistics must agree with the model. The heap outlives
 * an input: all blocks are freed and all threads ended then. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "front/front.h"
#include "hakmem.h"
#include "os/vm.h"
#include "pool/pool.h"
#include "preload/blocks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    SLOTS = 256,
    THREADS = 4, /* the first is the fuzzer's own */
    VALIDATE_STEPS = 64,
    SQUEEZES = 3,
    FULL_BYTES = 1024, /* of a block are all written; behind them a word in each STRIDE_BYTES */
    STRIDE_BYTES = 4096 - 8,
    LIVE_BYTES_MAX = 6 << 20, /* above it only small blocks come */
};

#define EXPECT(condition) ((condition) ? (void)0 : fail(__LINE__, #condition))

static void __attribute__((noreturn)) fail(int line, const char *condition)
{
    fprintf(stderr, "fuzz_history.c:%d: not true: %s\n", line, condition);
    abort();
}

struct live {
    unsigned char *block; /* NULL: an empty slot */
    size_t size, usable;
    uint64_t seed;
};

struct thread {
    pthread_t thread;
    sem_t go, done;
    void (*run)(void); /* NULL: to end */
    bool alive;
};

static struct {
    const uint8_t *at, *end;
    struct live slots[SLOTS];
    struct thread threads[THREADS];
    unsigned turn;
    size_t live_bytes, live_blocks;
    uint64_t blocks_made;
    bool may_fail; /* the kernel refused something, or there is a limit */
} history;

static unsigned next_byte(void)
{
    return history.at < history.end ? *history.at++ : 0;
}

/* ---- contents */

static void fill(const struct live *live)
{
    block_fill(live->block, size_min(live->size, FULL_BYTES), live->seed);
    for (size_t at = FULL_BYTES; at + 8 <= live->size; at += STRIDE_BYTES)
        block_fill(live->block + at, 8, live->seed + at);
}

static void expect_contents(const struct live *live, size_t size)
{
    EXPECT(block_holds(live->block, size_min(size, FULL_BYTES), live->seed));
    for (size_t at = FULL_BYTES; at + 8 <= size; at += STRIDE_BYTES)
        EXPECT(block_holds(live->block + at, 8, live->seed + at));
}

static void verify(const struct live *live)
{
    EXPECT(front_usable_size(NULL, live->block) == live->usable);
    expect_contents(live, live->size);
}

/* ---- the model */

/* A byte at each of 16 scales, and a byte more or less: every class's edges are near. */
static size_t next_size(void)
{
    unsigned scale = next_byte(), bytes = next_byte(), more = next_byte();
    if (scale == 0xff)
        return (more & 1 ? SIZE_MAX : PAYLOAD_MAX + 1) - (more >> 7 ? bytes : 0);
    size_t size = ((size_t)bytes << scale % 16) + more % 32;
    size -= size_min(size, 16);
    return history.live_bytes + size > LIVE_BYTES_MAX ? size % 256 : size;
}

static struct live *next_slot(void)
{
    return &history.slots[next_byte() % SLOTS];
}

static void forget(struct live *live)
{
    history.live_bytes -= live->usable;
    history.live_blocks--;
    live->block = NULL;
}

static bool may_fail(size_t size)
{
    return history.may_fail || size > LIVE_BYTES_MAX;
}

/* What a call returned for an empty slot. */
static bool add(struct live *live, void *block, size_t size)
{
    if (!block) {
        EXPECT(errno == ENOMEM && may_fail(size));
        return false;
    }
    EXPECT(size <= PAYLOAD_MAX && is_aligned(block, BLOCK_ALIGN));
    *live = (struct live){block, size, front_usable_size(NULL, block), history.blocks_made += 1 << 24};
    EXPECT(live->usable >= size);
    history.live_bytes += live->usable;
    history.live_blocks++;
    fill(live);
    return true;
}

static void release(struct live *live)
{
    if (live->block) {
        verify(live);
        front_free(live->block);
        forget(live);
    }
}

/* ---- steps */

static void step_malloc(void)
{
    struct live *live = next_slot();
    size_t size = next_size();
    release(live);
    errno = 0;
    if (add(live, front_malloc(size), size))
        EXPECT(live->usable == front_good_size(size));
}

static void step_calloc(void)
{
    struct live *live = next_slot();
    size_t size = next_size();
    release(live);
    errno = 0;
    void *block = front_calloc(size);
    EXPECT(!block || block_is_zero(block, size));
    add(live, block, size);
}

static void step_aligned(void)
{
    struct live *live = next_slot();
    size_t size = next_size(), align = (size_t)1 << next_byte() % 23;
    release(live);
    errno = 0;
    void *block = front_aligned(align, size, HOW_MALLOC);
    EXPECT(is_aligned(block, align));
    add(live, block, size);
}

static void step_realloc(void)
{
    struct live *live = next_slot(), before = *live;
    size_t size = next_size();
    if (before.block)
        verify(&before);
    errno = 0;
    void *block = front_realloc(before.block, size);
    if (!block && size && before.block) {
        EXPECT(errno == ENOMEM && may_fail(size));
        verify(&before);
        return;
    }
    if (before.block) {
        live->block = block;
        if (block)
            expect_contents(live, size_min(size, before.size));
        forget(live);
        if (size == 0) {
            EXPECT(!block);
            return;
        }
    }
    add(live, block, size);
}

static void step_free(void)
{
    release(next_slot());
}

static void step_free_many(void)
{
    unsigned first = next_byte(), count = next_byte(), stride = next_byte() % 8 + 1;
    for (unsigned i = 0; i < count; i++)
        release(&history.slots[(first + i * stride) % SLOTS]);
}

static void step_malloc_many(void)
{
    unsigned first = next_byte(), count = next_byte();
    size_t size = next_size();
    for (unsigned i = 0; i < count; i++) {
        struct live *live = &history.slots[(first + i) % SLOTS];
        release(live);
        size_t now = history.live_bytes + size > LIVE_BYTES_MAX ? size % 256 : size;
        errno = 0;
        add(live, front_malloc(now), now);
    }
}

/* Frees of blocks that are allocated at once, more than caches hold. */
static void step_churn(void)
{
    static void *blocks[1024];
    size_t size = next_size(), count = next_byte() * 4;
    if (size > 4096)
        size = 4096;
    for (size_t i = 0; i < count; i++)
        blocks[i] = front_malloc(size);
    for (size_t i = 0; i < count; i++)
        EXPECT(blocks[i] || history.may_fail);
    for (size_t i = 0; i < count; i++)
        front_free(blocks[i]);
}

static void step_trim(void)
{
    hakmem_trim();
}

static void step_idle(void)
{
    hakmem_idle();
}

/* A few of them: each leaves a heap for good, which every later validation looks at. */
static void step_squeeze(void)
{
    static int squeezes;
    if (squeezes++ < SQUEEZES)
        hakmem_squeeze();
}

static void step_gate(void)
{
    registry_gate(next_byte() & 1);
}

static void step_options(void)
{
    unsigned which = next_byte(), value = next_byte();
    switch (which % 7) {
    case 0: atomic_store(&options.front_direct, value & 1); break;
    case 1: atomic_store(&options.fc_cap, 4u << value % 11); break;
    case 2: atomic_store(&options.fc_refill, 1u << value % 11); break;
    case 3: atomic_store(&options.ss_lru_size, value % 32); break;
    case 4: atomic_store(&options.decay_ms, value ? 1000 : 0); break;
    case 5: atomic_store(&options.soft_limit, value); break;
    case 6: atomic_store(&options.hard_limit, value); history.may_fail = true;
    }
}

static void step_refuse(void)
{
    vm_test_fail_at(next_byte());
    history.may_fail = true;
}

/* ---- the heap as a whole */

struct seen {
    struct live sorted[SLOTS];
    size_t count, next;
};

static int compare_blocks(const void *a, const void *b)
{
    const struct live *x = a, *y = b;
    return (x->block > y->block) - (x->block < y->block);
}

static bool expect_next(void *block, size_t usable_size, void *argument)
{
    struct seen *seen = argument;
    EXPECT(seen->next < seen->count);
    const struct live *live = &seen->sorted[seen->next++];
    EXPECT(live->block == block && live->usable == usable_size);
    return true;
}

static void validate(void)
{
    static struct seen seen;
    struct hakmem_stats stats;
    seen.count = seen.next = 0;
    for (int i = 0; i < SLOTS; i++)
        if (history.slots[i].block)
            seen.sorted[seen.count++] = history.slots[i];
    qsort(seen.sorted, seen.count, sizeof seen.sorted[0], compare_blocks);
    pool_validate();
    for (struct heap *heap = registry_heaps(); heap; heap = heap->next_heap)
        bin_validate(heap);
    bool walked = hakmem_walk(expect_next, &seen);
    EXPECT(walked ? seen.next == seen.count : history.may_fail);
    EXPECT(hakmem_stats_read(&stats, sizeof stats));
    EXPECT(stats.live_blocks == history.live_blocks && stats.live_bytes == history.live_bytes);
}

/* ---- threads */

static void *run_thread(void *argument)
{
    struct thread *self = argument;
    for (;;) {
        while (sem_wait(&self->go) != 0)
            ;
        if (!self->run)
            return NULL;
        self->run();
        sem_post(&self->done);
    }
}

static void run_in(struct thread *thread, void (*run)(void))
{
    thread->run = run;
    sem_post(&thread->go);
    while (sem_wait(&thread->done) != 0)
        ;
}

static void end_thread(struct thread *thread)
{
    if (!thread->alive)
        return;
    thread->run = NULL;
    sem_post(&thread->go);
    pthread_join(thread->thread, NULL);
    sem_destroy(&thread->go);
    sem_destroy(&thread->done);
    thread->alive = false;
}

static void start_thread(struct thread *thread)
{
    if (thread->alive)
        return;
    sem_init(&thread->go, 0, 0);
    sem_init(&thread->done, 0, 0);
    EXPECT(pthread_create(&thread->thread, NULL, run_thread, thread) == 0);
    thread->alive = true;
}

/* ---- the whole */

static void (*const steps[])(void) = {
    step_malloc,      step_calloc,  step_aligned,     step_realloc, step_free,   step_free_many,
    step_malloc_many, step_churn,   step_malloc_many, step_malloc,  step_free,   step_trim,
    step_idle,        step_squeeze, step_gate,        step_options, step_refuse,
};

enum {
    STEPS = sizeof steps / sizeof steps[0],
    TAKE_TURN = STEPS, /* another thread's turn, which is started if need be */
    END_THREAD,
    VALIDATE,
    KINDS,
};

static void step(unsigned kind)
{
    struct thread *own = &history.threads[history.turn];
    if (kind < STEPS && history.turn)
        run_in(own, steps[kind]);
    else if (kind < STEPS)
        steps[kind]();
    else if (kind == VALIDATE)
        validate();
    else {
        if (kind == END_THREAD && history.turn)
            end_thread(own);
        history.turn = next_byte() % THREADS;
        if (history.turn)
            start_thread(&history.threads[history.turn]);
    }
}

/* Without its thread, which the system starts when it likes. */
static void reset_options(void)
{
#define OPTION(field, name, initial, minimum, maximum, form, when, help)                                     \
    atomic_store(&options.field, initial);
#include "base/options.def"
#undef OPTION
    atomic_store(&options.scavenger, 0);
}

static void clean_up(void)
{
    reset_options();
    vm_test_fail_at(0);
    history.turn = 0;
    registry_gate(false);
    for (int i = 0; i < SLOTS; i++)
        release(&history.slots[i]);
    for (int i = 1; i < THREADS; i++)
        end_thread(&history.threads[i]);
    hakmem_trim();
    EXPECT(history.live_blocks == 0 && history.live_bytes == 0);
    history.may_fail = false;
    validate();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    reset_options();
    history.at = data;
    history.end = data + size;
    for (int done = 1; history.at < history.end; done++) {
        step(next_byte() % KINDS);
        if (done % VALIDATE_STEPS == 0)
            validate();
    }
    clean_up();
    return 0;
}
