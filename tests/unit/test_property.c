/* Long random histories of the front's calls against a model that knows each block's bytes; every so often
 * the whole heap is validated, and walk and statistics must agree with the model. One thread, then
 * several, which hand blocks to each other, end and are followed by others.
 *
 * The seed of a failure replays the history of one thread exactly; those of several up to scheduling. */
#include "unit/unit.h"

#include <stdlib.h>

#include "base/bits.h"
#include "front/front.h"
#include "hakmem.h"

enum {
    SLOTS = 2000,
    STEPS = UNIT_SANITIZED ? 100000 : 600000, /* of one thread alone */
    EPOCH_STEPS = 2000,
    THREADS_MAX = 8,
    THREAD_SLOTS = 500,
    ROUNDS = UNIT_SANITIZED ? 6 : 24,
    ROUND_EPOCHS = 6,
    MAILBOXES = 64,
    FULL_BYTES = 2048, /* of a block are all written; behind them a word in each STRIDE_BYTES */
    STRIDE_BYTES = 4096 - 8,
    LIVE_BYTES_MAX = 48 << 20, /* of one model; above it allocates small blocks only */
    HUGE_MAX_BYTES = 6 << 20,
};

struct live {
    unsigned char *block; /* NULL: an empty slot */
    size_t size, usable;
    uint64_t seed;
};

struct model {
    struct live slots[SLOTS];
    size_t slots_used; /* of these, by the present epoch */
    unsigned size_log2;
    size_t live_bytes;
    uint64_t random;
};

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

/* ---- steps; each keeps slot and model in agreement */

static size_t random_size(struct model *model)
{
    unsigned log2 = model->live_bytes > LIVE_BYTES_MAX ? 8 : model->size_log2;
    if (log2 > 14 && random_below(&model->random, 8))
        log2 = 12;
    return random_below(&model->random,
                        size_min((size_t)2 << random_below(&model->random, log2), HUGE_MAX_BYTES));
}

static void add(struct model *model, struct live *live, void *block, size_t size)
{
    EXPECT(block && is_aligned(block, BLOCK_ALIGN));
    *live = (struct live){block, size, front_usable_size(NULL, block), random_next(&model->random)};
    EXPECT(live->usable >= size);
    model->live_bytes += live->usable;
    fill(live);
}

static void verify(const struct live *live)
{
    EXPECT(front_usable_size(NULL, live->block) == live->usable);
    expect_contents(live, live->size);
}

static void step_malloc(struct model *model, struct live *live)
{
    size_t size = random_size(model);
    add(model, live, front_malloc(size), size);
    EXPECT(live->usable == front_good_size(size));
}

static void step_calloc(struct model *model, struct live *live)
{
    size_t size = random_size(model);
    void *block = front_calloc(size);
    EXPECT(block && block_is_zero(block, size));
    add(model, live, block, size);
}

static void step_aligned(struct model *model, struct live *live)
{
    size_t size = random_size(model);
    size_t align = (size_t)1 << random_below(&model->random, random_below(&model->random, 50) ? 13 : 23);
    void *block = front_aligned(align, size, HOW_MALLOC | HOW_ALIGNED);
    EXPECT(is_aligned(block, align));
    add(model, live, block, size);
}

static void step_realloc(struct model *model, struct live *live)
{
    size_t size = random_below(&model->random, 4) ? random_size(model)
                                                  : random_below(&model->random, 2 * live->size + 1);
    verify(live);
    void *block = front_realloc(live->block, size);
    model->live_bytes -= live->usable;
    live->block = block;
    if (size == 0) {
        EXPECT(block == NULL);
        return;
    }
    EXPECT(block != NULL);
    expect_contents(live, size_min(size, live->size));
    add(model, live, block, size);
}

static void step_free(struct model *model, struct live *live)
{
    verify(live);
    front_free(live->block);
    model->live_bytes -= live->usable;
    live->block = NULL;
}

static void step(struct model *model)
{
    struct live *live = &model->slots[random_below(&model->random, model->slots_used)];
    size_t kind = random_below(&model->random, 16);
    if (live->block)
        (kind < 4 ? step_realloc : step_free)(model, live);
    else
        (kind < 2 ? step_aligned : kind < 5 ? step_calloc : step_malloc)(model, live);
}

/* Another character for the steps that follow: few blocks or many, small or large. */
static void begin_epoch(struct model *model, size_t slots)
{
    model->slots_used = 1 + random_below(&model->random, random_below(&model->random, 3) ? slots : 20);
    model->size_log2 = 4 + (unsigned)random_below(&model->random, 20);
}

static void free_all(struct model *model)
{
    for (int i = 0; i < SLOTS; i++)
        if (model->slots[i].block)
            step_free(model, &model->slots[i]);
    EXPECT(model->live_bytes == 0);
}

/* ---- the heap as a whole; no other thread runs */

struct all_live {
    struct live *blocks[SLOTS + THREADS_MAX * THREAD_SLOTS + MAILBOXES];
    size_t count, seen, bytes;
};

static void collect(struct all_live *all, struct live *slots, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (slots[i].block) {
            all->blocks[all->count++] = &slots[i];
            all->bytes += slots[i].usable;
        }
}

static int compare_blocks(const void *a, const void *b)
{
    const struct live *x = *(struct live *const *)a, *y = *(struct live *const *)b;
    return (x->block > y->block) - (x->block < y->block);
}

/* The walk meets the model's blocks in the order of their addresses, and no others. */
static bool expect_next(void *block, size_t usable_size, void *argument)
{
    struct all_live *all = argument;
    EXPECT(all->seen < all->count);
    EXPECT(all->blocks[all->seen]->block == block);
    EXPECT(all->blocks[all->seen]->usable == usable_size);
    all->seen++;
    return true;
}

static void validate_all(struct all_live *all)
{
    struct hakmem_stats stats;
    unit_validate();
    qsort(all->blocks, all->count, sizeof all->blocks[0], compare_blocks);
    EXPECT(hakmem_walk(expect_next, all));
    EXPECT(all->seen == all->count);
    EXPECT(hakmem_stats_read(&stats, sizeof stats));
    EXPECT(stats.live_blocks == all->count && stats.live_bytes == all->bytes);
    EXPECT(stats.superslabs_in_use + stats.superslabs_lru <= stats.superslabs);
}

/* A caller may set options and trim at any moment. */
static void change_options(uint64_t *random)
{
    atomic_store(&options.front_direct, (uint32_t)random_below(random, 2));
    atomic_store(&options.fc_cap, 4u << random_below(random, 11));
    atomic_store(&options.fc_refill, 1u << random_below(random, 11));
    atomic_store(&options.ss_lru_size, (uint32_t)random_below(random, 20));
    if (random_below(random, 4) == 0)
        hakmem_trim();
    if (random_below(random, 4) == 0)
        registry_gate(random_below(random, 2));
}

/* ---- one thread */

ISOLATED(one_thread_agrees_with_its_model)
{
    static struct model model;
    static struct all_live all;
    model.random = unit_random(1);
    for (int done = 0; done < STEPS; done += EPOCH_STEPS) {
        begin_epoch(&model, SLOTS);
        for (int i = 0; i < EPOCH_STEPS; i++)
            step(&model);
        all = (struct all_live){.count = 0};
        collect(&all, model.slots, SLOTS);
        validate_all(&all);
        change_options(&model.random);
    }
    free_all(&model);
    hakmem_trim();
    all = (struct all_live){.count = 0};
    validate_all(&all);
}

/* ---- several threads */

static struct {
    struct model models[THREADS_MAX]; /* they outlive their threads */
    struct live mailboxes[MAILBOXES];
    pthread_mutex_t mailbox_lock;
    pthread_barrier_t barrier;
    size_t threads;
    struct all_live all;
} shared = {.mailbox_lock = PTHREAD_MUTEX_INITIALIZER};

/* What lies in a mailbox and what lies in the slot change places. */
static void swap_with_mailbox(struct model *model, struct live *live)
{
    struct live *mailbox = &shared.mailboxes[random_below(&model->random, MAILBOXES)];
    pthread_mutex_lock(&shared.mailbox_lock);
    struct live mine = *live;
    *live = *mailbox;
    *mailbox = mine;
    pthread_mutex_unlock(&shared.mailbox_lock);
    model->live_bytes += (live->block ? live->usable : 0) - (mine.block ? mine.usable : 0);
    if (live->block)
        verify(live);
}

static void run_epoch(struct model *model)
{
    begin_epoch(model, THREAD_SLOTS);
    for (int i = 0; i < EPOCH_STEPS; i++) {
        step(model);
        if (random_below(&model->random, 3) == 0)
            swap_with_mailbox(model, &model->slots[random_below(&model->random, model->slots_used)]);
    }
}

static void validate_shared(void)
{
    shared.all.count = shared.all.seen = shared.all.bytes = 0;
    for (size_t i = 0; i < THREADS_MAX; i++)
        collect(&shared.all, shared.models[i].slots, THREAD_SLOTS);
    collect(&shared.all, shared.mailboxes, MAILBOXES);
    validate_all(&shared.all);
}

/* All threads stop while the first one looks at the heap. */
static void *run_thread(void *argument)
{
    struct model *model = argument;
    for (int epoch = 0; epoch < ROUND_EPOCHS; epoch++) {
        run_epoch(model);
        pthread_barrier_wait(&shared.barrier);
        if (model == &shared.models[0]) {
            validate_shared();
            change_options(&model->random);
        }
        pthread_barrier_wait(&shared.barrier);
    }
    return NULL;
}

static void run_round(size_t threads)
{
    pthread_t started[THREADS_MAX];
    pthread_barrier_init(&shared.barrier, NULL, (unsigned)threads);
    for (size_t i = 0; i < threads; i++)
        started[i] = unit_thread(run_thread, &shared.models[i]);
    for (size_t i = 0; i < threads; i++)
        pthread_join(started[i], NULL);
    pthread_barrier_destroy(&shared.barrier);
}

ISOLATED(several_threads_agree_with_their_models)
{
    uint64_t random = unit_random(2);
    for (size_t i = 0; i < THREADS_MAX; i++)
        shared.models[i].random = unit_random(10 + i);
    for (int round = 0; round < ROUNDS; round++) {
        run_round(1 + random_below(&random, THREADS_MAX));
        validate_shared();
    }
    for (size_t i = 0; i < THREADS_MAX; i++)
        free_all(&shared.models[i]);
    for (int i = 0; i < MAILBOXES; i++)
        front_free(shared.mailboxes[i].block);
    memset(shared.mailboxes, 0, sizeof shared.mailboxes);
    hakmem_trim();
    validate_shared();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_thread_agrees_with_its_model),
    cmocka_unit_test(several_threads_agree_with_their_models),
};

UNIT_MAIN(tests)
