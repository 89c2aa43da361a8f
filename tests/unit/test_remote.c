/* slab/remote.h: the protocol by which blocks return to a slab that others own. */
#include "unit/unit.h"

#include <sched.h>

#include "base/bits.h"
#include "front/front.h"
#include "heap/depot.h"
#include "heap/fastcache.h"
#include "pool/pool.h"
#include "slab/remote.h"

enum {
    OWNER = 1,
    SLABS = 4,
    PUBLISHERS = 3,
    BLOCKS_MAX = 4096,
    TARGET_BLOCKS = UNIT_SANITIZED ? 50000 : 1000000
};

/* A block is its publisher's while `out`; the collector hands it back by setting it again. */
struct shared_slab {
    struct slab *slab;
    _Atomic bool out[BLOCKS_MAX];
};

static struct {
    struct inbox inbox;
    struct shared_slab slabs[SLABS];
    _Atomic int publishers_left;
    _Atomic uint64_t published;
    uint64_t collected;
} test;

static struct slab *make_full_slab(unsigned size_class)
{
    static void *stack[BLOCKS_MAX];
    bool clean;
    size_t unit = pool_take_units(SUPERSLAB_SLABS, size_classes[size_class].slab_units, 1, &clean);
    EXPECT(unit != POOL_NO_UNIT);
    struct slab *slab = slab_create(unit, size_class, OWNER);
    for (unsigned i = 0; i < size_classes[size_class].slab_units; i++)
        region_tag_set(unit + i, OWNER << TAG_OWNER_LOG2 | size_class);
    EXPECT(slab_take(slab, stack + BLOCKS_MAX - 1, BLOCKS_MAX) == slab->blocks);
    return slab;
}

static uint32_t *content_of(const struct slab *slab, unsigned index)
{
    return (uint32_t *)(void *)(slab_address(slab) + index * class_size(slab->size_class));
}

/* ---- one thread */

static void start_region(void)
{
    EXPECT(region_claim());
    region_want_remote_maps();
}

ISOLATED(only_the_first_publication_pushes)
{
    start_region();
    uint64_t twice;
    struct slab *slab = make_full_slab(0);
    EXPECT(remote_is_ready(slab));
    EXPECT(remote_publish_word(slab, 3, 0x5, &twice) && twice == 0);
    EXPECT(!remote_publish_word(slab, 3, 0x2, &twice) && twice == 0); /* the word was not 0 */
    EXPECT(!remote_publish_word(slab, 9, 0x1, &twice) && twice == 0); /* the summary was not */
    EXPECT(remote_peek(slab, 3) == 0x7);
    slab_validate(slab);
    EXPECT(remote_take_summary(slab) == (UINT64_C(1) << 3 | UINT64_C(1) << 9));
    EXPECT(remote_take_word(slab, 3) == 0x7);
    EXPECT(remote_take_word(slab, 9) == 0x1);
    EXPECT(remote_publish_word(slab, 9, 0x1, &twice)); /* from the start again */
}

ISOLATED(a_second_publication_of_a_block_is_found)
{
    start_region();
    uint64_t twice;
    static const unsigned classes[] = {0, SIZE_CLASSES - 1}; /* a map of its own, an inline map */
    for (int i = 0; i < 2; i++) {
        struct slab *slab = make_full_slab(classes[i]);
        remote_publish_word(slab, 0, 0x3, &twice);
        EXPECT(twice == 0);
        remote_publish_word(slab, 0, 0x6, &twice);
        EXPECT(twice == 0x2);
    }
}

ISOLATED(an_inbox_gives_all_slabs_newest_first)
{
    start_region();
    struct inbox inbox = {0};
    struct slab *slabs[3] = {make_full_slab(0), make_full_slab(1), make_full_slab(2)};
    EXPECT(inbox_is_empty(&inbox));
    for (int i = 0; i < 3; i++)
        remote_push(&inbox, slabs[i]);
    EXPECT(!inbox_is_empty(&inbox));
    slab_link at = inbox_take(&inbox);
    EXPECT(inbox_is_empty(&inbox) && inbox_take(&inbox) == 0);
    for (int i = 3; i-- > 0; at = remote_next(slabs[i]))
        EXPECT(slab_from_link(at) == slabs[i]);
    EXPECT(at == 0);
}

/* Threads start with neither: what they free while there was no memory for maps goes under the lock. */
ISOLATED(without_a_remote_map_small_classes_are_not_ready)
{
    EXPECT(region_claim());
    EXPECT(!remote_is_ready(make_full_slab(0)));
    EXPECT(remote_peek(make_full_slab(0), 0) == 0);
    EXPECT(remote_is_ready(make_full_slab(SIZE_CLASSES - 1)));
    struct slab *slab = make_full_slab(0);
    region_want_remote_maps();
    EXPECT(remote_is_ready(slab));
}

/* ---- threads: nothing is lost, nothing doubled, contents are seen by the next owner */

/* Publishes those blocks of a word that are this thread's and out, some of them. Returns how many. */
static unsigned publish_some(struct shared_slab *shared, unsigned word, uint64_t mine, uint32_t round)
{
    uint64_t mask = 0, twice;
    for (uint64_t left = mine; left; left &= left - 1) {
        unsigned index = word * 64 + bit_lowest(left);
        if (index >= shared->slab->blocks || !atomic_load_explicit(&shared->out[index], memory_order_acquire))
            continue;
        EXPECT(*content_of(shared->slab, index) == index);
        *content_of(shared->slab, index) = index + round;
        atomic_store_explicit(&shared->out[index], false, memory_order_relaxed);
        mask |= UINT64_C(1) << (index % 64);
    }
    if (!mask)
        return 0;
    if (remote_publish_word(shared->slab, word, mask, &twice))
        remote_push(&test.inbox, shared->slab);
    EXPECT(twice == 0);
    return bit_count(mask);
}

static unsigned publish_round(uint64_t *random, uint64_t own_bits, uint32_t round)
{
    struct shared_slab *shared = &test.slabs[random_below(random, SLABS)];
    unsigned words = (shared->slab->blocks + 63u) / 64, blocks = 0;
    for (unsigned n = 0; n < words; n++)
        blocks += publish_some(shared, (unsigned)random_below(random, words), own_bits & random_next(random),
                               round);
    return blocks;
}

/* Each publisher has every third block, so that they meet in every word. */
static void *publisher(void *argument)
{
    uint64_t number = (uint64_t)(uintptr_t)argument, random = unit_random(100 + number);
    uint64_t own_bits = 0;
    for (unsigned bit = (unsigned)number; bit < 64; bit += PUBLISHERS)
        own_bits |= UINT64_C(1) << bit;
    uint64_t published = 0;
    for (uint32_t round = 1; published < TARGET_BLOCKS; round++) {
        unsigned blocks = publish_round(&random, own_bits, round);
        published += blocks;
        if (!blocks)
            sched_yield();
    }
    atomic_fetch_add(&test.published, published);
    atomic_fetch_sub(&test.publishers_left, 1);
    return NULL;
}

static struct shared_slab *shared_of(const struct slab *slab)
{
    int i = 0;
    while (i < SLABS && test.slabs[i].slab != slab)
        i++;
    EXPECT(i < SLABS);
    return &test.slabs[i];
}

/* The blocks of a word come home, and go out again at once. */
static void collect_word(struct shared_slab *shared, unsigned word)
{
    static void *stack[64];
    uint64_t mask = remote_take_word(shared->slab, word);
    EXPECT(mask != 0);
    EXPECT(slab_put(shared->slab, word, mask) == 0);
    slab_validate(shared->slab);
    EXPECT(slab_take(shared->slab, stack + 63, bit_count(mask)) == bit_count(mask));
    for (uint64_t left = mask; left; left &= left - 1) {
        unsigned index = word * 64 + bit_lowest(left);
        EXPECT(index < shared->slab->blocks);
        EXPECT(*content_of(shared->slab, index) > index);
        *content_of(shared->slab, index) = index;
        test.collected++;
        EXPECT(!atomic_load_explicit(&shared->out[index], memory_order_relaxed));
        atomic_store_explicit(&shared->out[index], true, memory_order_release);
    }
}

static void collect(void)
{
    for (slab_link at = inbox_take(&test.inbox); at;) {
        struct slab *slab = slab_from_link(at);
        at = remote_next(slab);
        uint64_t words = remote_take_summary(slab);
        EXPECT(words != 0);
        for (; words; words &= words - 1)
            collect_word(shared_of(slab), bit_lowest(words));
    }
}

static void make_slabs_out(void)
{
    static const unsigned classes[SLABS] = {0, 5, 20, SIZE_CLASSES - 1};
    for (int i = 0; i < SLABS; i++) {
        struct slab *slab = test.slabs[i].slab = make_full_slab(classes[i]);
        for (unsigned b = 0; b < slab->blocks; b++) {
            *content_of(slab, b) = b;
            test.slabs[i].out[b] = true;
        }
    }
}

ISOLATED(threads_lose_and_double_nothing)
{
    pthread_t threads[PUBLISHERS];
    start_region();
    make_slabs_out();
    test.publishers_left = PUBLISHERS;
    for (uintptr_t i = 0; i < PUBLISHERS; i++)
        threads[i] = unit_thread(publisher, (void *)i);
    while (atomic_load(&test.publishers_left) > 0) {
        collect();
        sched_yield();
    }
    for (int i = 0; i < PUBLISHERS; i++)
        pthread_join(threads[i], NULL);
    collect();
    EXPECT(inbox_is_empty(&test.inbox));
    EXPECT(test.collected == atomic_load(&test.published));
    for (int i = 0; i < SLABS; i++)
        for (unsigned b = 0; b < test.slabs[i].slab->blocks; b++)
            EXPECT(test.slabs[i].out[b]);
}

/* ---- the same through the heap floor */

static void free_all(void *argument)
{
    void **blocks = argument;
    for (; *blocks; blocks++)
        front_free(*blocks);
}

/* What others freed serves its heap again before the kernel is asked for more, whatever the class. */
ISOLATED(freed_elsewhere_blocks_serve_their_heap_again)
{
    enum { BLOCKS = 3000 };
    static void *blocks[BLOCKS + 1];
    for (size_t size = 16; size <= 4096; size *= 4) {
        for (int i = 0; i < BLOCKS; i++)
            blocks[i] = front_malloc(size);
        unit_in_thread(free_all, blocks);
        size_t mapped_bytes = region_payload_bytes();
        for (int i = 0; i < BLOCKS; i++)
            blocks[i] = front_malloc(size);
        EXPECT(region_payload_bytes() == mapped_bytes);
        unit_validate();
        free_all(blocks);
    }
}

static void free_twice_elsewhere(void *argument)
{
    void **blocks = argument;
    unit_in_thread(free_all, blocks);
    unit_in_thread(free_all, blocks);
    depot_drain(tls_real);
    slab_link released = 0;
    heap_lock(tls_real);
    bin_collect(tls_real, SIZE_MAX, &released);
    heap_unlock(tls_real);
}

static void a_double_free_by_other_threads_is_reported(void **state)
{
    (void)state;
    void *blocks[2] = {front_malloc(100), NULL};
    unit_expect_abort(free_twice_elsewhere, blocks, "hakmem: double free of 0x");
}

/* The owner freed it, the map knows, and then another thread frees it as well. */
static void free_here_and_elsewhere(void *argument)
{
    void **blocks = argument;
    slab_link released = 0;
    front_free(blocks[0]);
    fastcache_flush_all(tls_real);
    unit_in_thread(free_all, blocks);
    depot_drain(tls_real);
    heap_lock(tls_real);
    bin_collect(tls_real, SIZE_MAX, &released);
}

static void a_double_free_is_found_when_it_is_collected(void **state)
{
    (void)state;
    void *blocks[2] = {front_malloc(100), NULL};
    void *neighbour = front_malloc(100); /* or the slab would be gone */
    unit_expect_abort(free_here_and_elsewhere, blocks, "hakmem: double free of 0x");
    front_free(neighbour);
}

/* It waited in a magazine meanwhile, say. */
static void publish_when_its_slab_is_gone(void *unused)
{
    (void)unused;
    unsigned c = class_of_size(100), n = 3 * size_classes[c].slab_blocks;
    static void *blocks[BLOCKS_MAX + 1];
    for (unsigned i = 0; i < n; i++)
        blocks[i] = front_malloc(100);
    free_all(blocks);
    fastcache_flush_all(tls_real);
    EXPECT(region_tag(region_unit_of(blocks[n / 2])) < TAG_OWNED);
    depot_publish(tls_real, c, blocks + n / 2, 1);
}

static void a_double_free_is_found_when_its_slab_is_gone(void **state)
{
    (void)state;
    unit_expect_abort(publish_when_its_slab_is_gone, NULL, "hakmem: double free of 0x");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(only_the_first_publication_pushes),
    cmocka_unit_test(a_second_publication_of_a_block_is_found),
    cmocka_unit_test(an_inbox_gives_all_slabs_newest_first),
    cmocka_unit_test(without_a_remote_map_small_classes_are_not_ready),
    cmocka_unit_test(threads_lose_and_double_nothing),
    cmocka_unit_test(freed_elsewhere_blocks_serve_their_heap_again),
    cmocka_unit_test(a_double_free_by_other_threads_is_reported),
    cmocka_unit_test(a_double_free_is_found_when_it_is_collected),
    cmocka_unit_test(a_double_free_is_found_when_its_slab_is_gone),
};

UNIT_MAIN(tests)
