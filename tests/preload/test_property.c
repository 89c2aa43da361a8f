/* Long random histories of every call, on one thread and on several, against a model that knows each
 * live block's bytes. On one thread hakmem_walk and hakmem_stats_read must agree with the model.
 *
 *     test_property [SEED [STEPS [THREADS]]]     the seed of a failure replays its history */
#include "blocks.h"
#include "check.h"
#include "glibc_names.h"

#include <pthread.h>
#include <time.h>

enum { SLOTS = 8192, EPOCH_STEPS = 10000, FULL_BYTES = 2048, EXCHANGE_SLOTS = 512, MOST_THREADS = 64 };

static const size_t most_live_bytes = (size_t)64 << 20; /* of one model; it turns to small blocks above */

/* A block that the model holds; `block` is NULL in an empty slot. */
struct live {
    unsigned char *block;
    size_t size;
    size_t usable;
    uint64_t seed;
};

struct model {
    struct live slots[SLOTS];
    size_t live_bytes;
    uint64_t random;
    /* The character of an epoch: */
    size_t slots_used;      /* how many blocks there may be */
    unsigned size_log2;     /* the greatest size */
    unsigned aligned_in_16; /* how many of 16 allocations ask for an alignment */
    unsigned resize_in_16;  /* how many of 16 steps on a live block resize it */
    unsigned pass_in_16;    /* how many pass it to another thread */
};

/* --- contents ------------------------------------------------------------------------------------- */

/* Every byte up to FULL_BYTES; beyond, a word in each 512 bytes, and the last. */
static void live_fill(const struct live *live)
{
    block_fill(live->block, live->size < FULL_BYTES ? live->size : FULL_BYTES, live->seed);
    for (size_t at = FULL_BYTES; at + 8 <= live->size; at += 512)
        block_fill(live->block + at, 8, live->seed + at);
    if (live->size > FULL_BYTES)
        live->block[live->size - 1] = (unsigned char)live->seed;
}

static bool live_holds(const struct live *live, size_t size)
{
    if (!block_holds(live->block, size < FULL_BYTES ? size : FULL_BYTES, live->seed))
        return false;
    for (size_t at = FULL_BYTES; at + 8 < size; at += 512)
        if (!block_holds(live->block + at, 8, live->seed + at))
            return false;
    return true;
}

static void live_verify(const struct live *live)
{
    CHECK_THAT(live_holds(live, live->size), "block %p of %zu bytes has other contents", (void *)live->block,
               live->size);
    if (live->size > FULL_BYTES)
        CHECK(live->block[live->size - 1] == (unsigned char)live->seed);
    size_t usable = malloc_usable_size(live->block);
    CHECK_THAT(usable == live->usable, "block %p: usable size %zu became %zu", (void *)live->block,
               live->usable, usable);
}

/* --- steps ---------------------------------------------------------------------------------------- */

static size_t random_size(struct model *model)
{
    unsigned log2 = model->live_bytes > most_live_bytes ? 8 : model->size_log2;
    return random_below(&model->random, (size_t)2 << random_below(&model->random, log2));
}

static unsigned char *allocate_aligned(struct model *model, size_t size)
{
    size_t alignment = (size_t)8 << random_below(&model->random, random_below(&model->random, 20) ? 10 : 18);
    void *block = NULL;
    switch (random_below(&model->random, 5)) {
    case 0: block = memalign(alignment, size); break;
    case 1: block = aligned_alloc(alignment, size); break;
    case 2: block = valloc(size), alignment = 4096; break;
    case 3: block = pvalloc(size), alignment = 4096; break;
    default: CHECK(posix_memalign(&block, alignment, size) == 0); break;
    }
    CHECK_THAT(is_aligned(block, alignment), "%p for alignment %zu", block, alignment);
    return block;
}

static unsigned char *allocate_plain(struct model *model, size_t size)
{
    static void *(*new_plain)(size_t);
    unsigned char *block;
    switch (random_below(&model->random, 8)) {
    case 0:
        block = calloc(1, size);
        CHECK(block != NULL);
        CHECK_THAT(block_is_zero(block, size), "calloc(1, %zu) = %p", size, (void *)block);
        return block;
    case 1:
        block = calloc(size / 8 + 1, 8);
        CHECK(block != NULL);
        CHECK_THAT(block_is_zero(block, size), "calloc(%zu, 8) = %p", size / 8 + 1, (void *)block);
        return block;
    case 2: return realloc(NULL, size);
    case 3: return reallocarray(NULL, size / 4 + 1, 4);
    case 4:
        if (getenv("HAKMEM_CHECK") != NULL) /* there, what new made free may not take */
            return malloc(size);
        if (new_plain == NULL)
            new_plain = (void *(*)(size_t))dlsym(RTLD_DEFAULT, "_Znwm");
        return new_plain ? new_plain(size) : malloc(size);
    default: return malloc(size);
    }
}

static void step_allocate(struct model *model, struct live *live)
{
    live->size = random_size(model);
    bool aligned = random_below(&model->random, 16) < model->aligned_in_16;
    live->block = aligned ? allocate_aligned(model, live->size) : allocate_plain(model, live->size);
    CHECK(live->block != NULL && is_aligned(live->block, 16));
    live->usable = malloc_usable_size(live->block);
    CHECK(live->usable >= live->size);
    live->seed = random_next(&model->random);
    live_fill(live);
    model->live_bytes += live->size;
}

static void step_free(struct model *model, struct live *live)
{
    live_verify(live);
    model->live_bytes -= live->size;
    if (random_below(&model->random, 50) == 0)
        CHECK(realloc(live->block, 0) == NULL);
    else
        free(live->block);
    live->block = NULL;
}

static void step_resize(struct model *model, struct live *live)
{
    size_t size = random_size(model);
    if (random_below(&model->random, 3) == 0)
        size = live->size + random_below(&model->random, live->size / 2 + 64);
    if (size == 0)
        size = 1;
    live_verify(live);
    bool as_array = random_below(&model->random, 4) == 0;
    unsigned char *block = as_array ? reallocarray(live->block, 1, size) : realloc(live->block, size);
    CHECK(block != NULL && is_aligned(block, 16));
    live->block = block;
    size_t kept = size < live->size ? size : live->size;
    CHECK_THAT(live_holds(live, kept), "realloc from %zu to %zu bytes lost contents", live->size, size);
    model->live_bytes += size - live->size;
    live->size = size;
    live->usable = malloc_usable_size(block);
    CHECK(live->usable >= size);
    live_fill(live);
}

static pthread_mutex_t exchange_lock = PTHREAD_MUTEX_INITIALIZER;
static struct live exchange[EXCHANGE_SLOTS];

/* Swaps the block for what another thread left, if anything. */
static void step_pass(struct model *model, struct live *live)
{
    size_t slot = random_below(&model->random, EXCHANGE_SLOTS);
    model->live_bytes -= live->size;
    pthread_mutex_lock(&exchange_lock);
    struct live swapped = exchange[slot];
    exchange[slot] = *live;
    *live = swapped;
    pthread_mutex_unlock(&exchange_lock);
    if (live->block == NULL)
        return;
    live_verify(live);
    model->live_bytes += live->size;
}

static void begin_epoch(struct model *model)
{
    uint64_t *random = &model->random;
    model->slots_used = (size_t)16 << random_below(random, 10);
    model->size_log2 = 5 + (unsigned)random_below(random, random_below(random, 3) ? 9 : 18);
    model->aligned_in_16 = (unsigned)random_below(random, random_below(random, 2) ? 2 : 9);
    model->resize_in_16 = (unsigned)random_below(random, random_below(random, 2) ? 3 : 12);
    model->pass_in_16 = (unsigned)random_below(random, 8);
    if (random_below(random, 20) == 0)
        malloc_trim(0);
    __typeof__(hakmem_trim) *trim = HAKMEM(hakmem_trim);
    if (trim != NULL && random_below(random, 20) == 0)
        trim();
}

static void step(struct model *model)
{
    struct live *live = &model->slots[random_below(&model->random, model->slots_used)];
    size_t kind = random_below(&model->random, 32);
    if (live->block == NULL) {
        step_allocate(model, live);
    } else if (kind < model->resize_in_16) {
        step_resize(model, live);
    } else if (kind < model->resize_in_16 + model->pass_in_16 && model->pass_in_16 != 0) {
        step_pass(model, live);
    } else {
        step_free(model, live);
    }
}

static void model_free_all(struct model *model)
{
    for (size_t i = 0; i < SLOTS; i++)
        if (model->slots[i].block != NULL)
            step_free(model, &model->slots[i]);
    CHECK(model->live_bytes == 0);
}

/* --- the walk ------------------------------------------------------------------------------------- */

struct extent {
    const void *block;
    size_t usable;
};

/* Blocks that were there before the model's first step: libc's and the program's. */
static struct extent older[4096];
static size_t older_count;
static struct hakmem_stats older_stats;

static struct extent expected[SLOTS + EXCHANGE_SLOTS];
static size_t expected_count;

/* Where a walk stands that must visit `older` and `expected`, merged by address; and, while the scavenger
 * may be there, the few blocks that libc has for a thread. */
struct walk {
    size_t older_seen, expected_seen, libcs_seen;
    const void *last, *unexpected;
};

enum { LIBCS_BLOCKS = 4 };

static bool scavenger_may_run(void)
{
    char value[8];
    __typeof__(hakmem_option_get) *get = HAKMEM(hakmem_option_get);
    return get && get("HAKMEM_SCAVENGER", value, sizeof value) && *value == '1';
}

static int compare_extents(const void *left, const void *right)
{
    uintptr_t a = (uintptr_t)((const struct extent *)left)->block,
              b = (uintptr_t)((const struct extent *)right)->block;
    return (a > b) - (a < b);
}

static bool note_older(void *block, size_t usable, void *unused)
{
    (void)unused;
    if (older_count == sizeof older / sizeof *older)
        return false;
    older[older_count++] = (struct extent){block, usable};
    return true;
}

static bool visit(void *block, size_t usable, void *argument)
{
    struct walk *walk = argument;
    const struct extent *old = &older[walk->older_seen], *own = &expected[walk->expected_seen];
    if ((uintptr_t)block <= (uintptr_t)walk->last)
        return walk->unexpected = block, false;
    walk->last = block;
    if (walk->older_seen < older_count && old->block == block && old->usable == usable)
        walk->older_seen++;
    else if (walk->expected_seen < expected_count && own->block == block && own->usable == usable)
        walk->expected_seen++;
    else if (scavenger_may_run() && walk->libcs_seen < LIBCS_BLOCKS && own->block != block &&
             old->block != block)
        walk->libcs_seen++;
    else
        return walk->unexpected = block, false;
    return true;
}

static size_t gather(const struct live *slots, size_t count)
{
    size_t usable = 0;
    for (size_t i = 0; i < count; i++) {
        if (slots[i].block == NULL)
            continue;
        expected[expected_count++] = (struct extent){slots[i].block, slots[i].usable};
        usable += slots[i].usable;
    }
    return usable;
}

/* The walk visits just the model's blocks and the older ones, and the totals say the same. */
static void walk_agrees(const struct model *model)
{
    __typeof__(hakmem_walk) *walk_all = HAKMEM(hakmem_walk);
    __typeof__(hakmem_stats_read) *read_stats = HAKMEM(hakmem_stats_read);
    if (walk_all == NULL || read_stats == NULL)
        return;
    expected_count = 0;
    size_t usable = gather(model->slots, SLOTS) + gather(exchange, EXCHANGE_SLOTS);
    qsort(expected, expected_count, sizeof *expected, compare_extents);

    struct walk walk = {0};
    bool ended = walk_all(visit, &walk);
    CHECK_THAT(walk.unexpected == NULL,
               "the walk visits %p, which is not live, or twice, or with another size", walk.unexpected);
    CHECK(ended);
    CHECK_THAT(walk.expected_seen == expected_count, "the walk leaves out %p of %zu bytes",
               expected[walk.expected_seen].block, expected[walk.expected_seen].usable);
    CHECK(walk.older_seen == older_count);

    struct hakmem_stats stats;
    CHECK(read_stats(&stats, sizeof stats));
    if (scavenger_may_run()) /* it comes and goes between the two readings */
        return;
    CHECK_THAT(stats.live_blocks - older_stats.live_blocks == expected_count, "%zu blocks, by statistics %zu",
               expected_count, (size_t)(stats.live_blocks - older_stats.live_blocks));
    CHECK_THAT(stats.live_bytes - older_stats.live_bytes == usable, "%zu bytes, by statistics %zu", usable,
               (size_t)(stats.live_bytes - older_stats.live_bytes));
}

static void note_what_is_older(void)
{
    __typeof__(hakmem_walk) *walk_all = HAKMEM(hakmem_walk);
    __typeof__(hakmem_stats_read) *read_stats = HAKMEM(hakmem_stats_read);
    if (walk_all == NULL || read_stats == NULL)
        return;
    free(malloc(1)); /* the first call may have libc allocate too: musl's pthread_atfork does */
    CHECK(walk_all(note_older, NULL));
    CHECK(read_stats(&older_stats, sizeof older_stats));
    CHECK_THAT(older_stats.live_blocks == older_count, "%zu blocks, by statistics %zu", older_count,
               (size_t)older_stats.live_blocks);
}

/* --- histories ------------------------------------------------------------------------------------ */

static struct model models[MOST_THREADS];
static size_t history_steps;

static void history_on_one_thread(uint64_t seed)
{
    struct model *model = &models[0];
    model->random = seed;
    note_what_is_older();
    for (size_t i = 0; i < history_steps; i++) {
        if (i % EPOCH_STEPS == 0)
            begin_epoch(model);
        if (i % (EPOCH_STEPS / 2) == 0)
            walk_agrees(model);
        step(model);
    }
    walk_agrees(model);
    model_free_all(model);
    for (size_t i = 0; i < EXCHANGE_SLOTS; i++) {
        free(exchange[i].block);
        exchange[i].block = NULL;
    }
    walk_agrees(model);
}

static void *history_of_a_thread(void *argument)
{
    struct model *model = argument;
    for (size_t i = 0; i < history_steps; i++) {
        if (i % EPOCH_STEPS == 0)
            begin_epoch(model);
        step(model);
    }
    return NULL;
}

/* No two blocks of any thread share a byte. */
static void nothing_overlaps(size_t threads)
{
    static struct extent all[MOST_THREADS * SLOTS];
    size_t count = 0;
    for (size_t i = 0; i < threads; i++)
        for (size_t j = 0; j < SLOTS; j++)
            if (models[i].slots[j].block != NULL)
                all[count++] = (struct extent){models[i].slots[j].block, models[i].slots[j].usable};
    qsort(all, count, sizeof *all, compare_extents);
    for (size_t i = 1; i < count; i++)
        CHECK_THAT((uintptr_t)all[i - 1].block + all[i - 1].usable <= (uintptr_t)all[i].block,
                   "%p of %zu bytes overlaps %p", all[i - 1].block, all[i - 1].usable, all[i].block);
}

/* Threads come and go: each goes on with the model of one that ended, and frees what that one made. */
static void history_on_threads(uint64_t seed, size_t threads)
{
    enum { GENERATIONS = 4 };
    pthread_t handles[MOST_THREADS];
    for (size_t i = 0; i < threads; i++)
        models[i].random = hash64(seed + i);
    for (int generation = 0; generation < GENERATIONS; generation++) {
        for (size_t i = 0; i < threads; i++)
            CHECK(pthread_create(&handles[i], NULL, history_of_a_thread, &models[i]) == 0);
        for (size_t i = 0; i < threads; i++)
            pthread_join(handles[i], NULL);
        nothing_overlaps(threads);
        struct model swapped = models[0];
        for (size_t i = 1; i < threads; i++)
            models[i - 1] = models[i];
        models[threads - 1] = swapped;
    }
    for (size_t i = 0; i < threads; i++)
        model_free_all(&models[i]);
    for (size_t i = 0; i < EXCHANGE_SLOTS; i++) {
        if (exchange[i].block != NULL)
            live_verify(&exchange[i]);
        free(exchange[i].block);
        exchange[i].block = NULL;
    }
}

static uint64_t seed_from_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return hash64((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec) % 1000000000000u;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : seed_from_clock();
    size_t steps = argc > 2 ? strtoull(argv[2], NULL, 0) : 800000;
    size_t threads = argc > 3 ? strtoull(argv[3], NULL, 0) : 4;
    if (threads < 1 || threads > MOST_THREADS)
        return fprintf(stderr, "1 to %d threads\n", MOST_THREADS), 2;
    printf("seed %llu: test_property %llu %zu %zu runs this history again\n", (unsigned long long)seed,
           (unsigned long long)seed, steps, threads);
    fflush(stdout);
    if (argc <= 2)
        alarm(patient(CHECK_SECONDS));

    history_steps = steps;
    history_on_one_thread(seed);
    history_steps = steps / 4;
    history_on_threads(seed, threads);
    printf("ok: %zu steps on one thread, %zu on %zu\n", steps, 4 * history_steps * threads, threads);
    return EXIT_SUCCESS;
}
