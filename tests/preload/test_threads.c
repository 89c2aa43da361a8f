/* Blocks that pass between threads, and threads that come, go, only free, or die in exit. */
#include "blocks.h"
#include "check.h"

#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>

static pthread_t start(void *(*run)(void *), void *argument)
{
    pthread_t thread;
    int error = pthread_create(&thread, NULL, run, argument);
    CHECK_THAT(error == 0, "pthread_create: %s", strerror(error));
    return thread;
}

static void *join(pthread_t thread)
{
    void *result;
    CHECK(pthread_join(thread, &result) == 0);
    return result;
}

static void *must(void *block)
{
    CHECK(block != NULL);
    return block;
}

/* A block that knows its size and its seed, so that whoever gets it can verify it. */
struct parcel {
    size_t size;
    uint64_t seed;
    struct parcel *next;
    unsigned char contents[];
};

static struct parcel *parcel_make(uint64_t *random)
{
    size_t size = random_below(random, random_below(random, 200) ? 600 : 60000);
    struct parcel *parcel = must(malloc(sizeof *parcel + size));
    *parcel = (struct parcel){.size = size, .seed = random_next(random)};
    block_fill(parcel->contents, size, parcel->seed);
    return parcel;
}

static void parcel_check(const struct parcel *parcel)
{
    CHECK_THAT(block_holds(parcel->contents, parcel->size, parcel->seed), "%p of %zu bytes",
               (const void *)parcel, parcel->size);
}

static void parcel_destroy(struct parcel *parcel)
{
    parcel_check(parcel);
    free(parcel);
}

/* A queue of parcels; a NULL parcel tells one reader to end. */
struct queue {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct parcel *parcels[256];
    unsigned count;
};

#define QUEUE                                                                                                \
    {                                                                                                        \
        .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER                               \
    }

static void queue_put(struct queue *queue, struct parcel *parcel)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->count == sizeof queue->parcels / sizeof *queue->parcels)
        pthread_cond_wait(&queue->changed, &queue->lock);
    for (unsigned i = queue->count++; i > 0; i--)
        queue->parcels[i] = queue->parcels[i - 1];
    queue->parcels[0] = parcel;
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
}

static struct parcel *queue_take(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->count == 0)
        pthread_cond_wait(&queue->changed, &queue->lock);
    struct parcel *parcel = queue->parcels[--queue->count];
    pthread_cond_broadcast(&queue->changed);
    pthread_mutex_unlock(&queue->lock);
    return parcel;
}

/* --- handing over --------------------------------------------------------------------------------- */

static void *free_what_comes(void *queue)
{
    struct parcel *parcel;
    while ((parcel = queue_take(queue)) != NULL)
        parcel_destroy(parcel);
    return NULL;
}

static void threads_that_only_free(void)
{
    static struct queue queue = QUEUE;
    pthread_t threads[3];
    for (int i = 0; i < 3; i++)
        threads[i] = start(free_what_comes, &queue);
    uint64_t random = 1;
    for (int i = 0; i < 60000; i++)
        queue_put(&queue, parcel_make(&random));
    for (int i = 0; i < 3; i++)
        queue_put(&queue, NULL);
    for (int i = 0; i < 3; i++)
        join(threads[i]);
}

static struct queue produced = QUEUE;

static void *produce(void *seed)
{
    uint64_t random = (uintptr_t)seed << 32;
    for (int i = 0; i < 20000; i++) {
        queue_put(&produced, parcel_make(&random));
        if (i % 3 == 0)
            parcel_destroy(parcel_make(&random));
    }
    return NULL;
}

/* The consumer keeps some, so that frees come late and in another order. */
static void *consume(void *seed)
{
    enum { KEPT = 500 };
    struct parcel *kept[KEPT] = {NULL}, *parcel;
    uint64_t random = (uintptr_t)seed;
    while ((parcel = queue_take(&produced)) != NULL) {
        size_t i = random_below(&random, KEPT);
        if (kept[i] != NULL)
            parcel_destroy(kept[i]);
        kept[i] = parcel;
    }
    for (int i = 0; i < KEPT; i++)
        if (kept[i] != NULL)
            parcel_destroy(kept[i]);
    return NULL;
}

static void producers_and_consumers(void)
{
    pthread_t producers[2], consumers[2];
    for (uintptr_t i = 0; i < 2; i++) {
        producers[i] = start(produce, (void *)(i + 1));
        consumers[i] = start(consume, (void *)(i + 1));
    }
    for (int i = 0; i < 2; i++)
        join(producers[i]);
    for (int i = 0; i < 2; i++)
        queue_put(&produced, NULL);
    for (int i = 0; i < 2; i++)
        join(consumers[i]);
}

/* Parcels go round a ring; each station verifies, replaces some by new ones, resizes some. */
enum { STATIONS = 4, ROUNDS = 600 };
static struct queue ring[STATIONS] = {QUEUE, QUEUE, QUEUE, QUEUE};

static struct parcel *parcel_resized(struct parcel *parcel, uint64_t *random)
{
    size_t size = random_below(random, 3000), kept = size < parcel->size ? size : parcel->size;
    parcel = must(realloc(parcel, sizeof *parcel + size));
    CHECK(block_holds(parcel->contents, kept, parcel->seed));
    parcel->size = size;
    block_fill(parcel->contents, size, parcel->seed);
    return parcel;
}

static void *serve_station(void *index)
{
    uintptr_t station = (uintptr_t)index;
    uint64_t random = station * 77777;
    struct queue *next = &ring[(station + 1) % STATIONS];
    for (int i = 0; i < 60; i++)
        queue_put(next, parcel_make(&random));
    for (int i = 0; i < ROUNDS * 60; i++) {
        struct parcel *parcel = queue_take(&ring[station]);
        parcel_check(parcel);
        if (random_below(&random, 3) == 0)
            parcel = parcel_resized(parcel, &random);
        if (random_below(&random, 3) == 0) {
            free(parcel);
            parcel = parcel_make(&random);
        }
        queue_put(next, parcel);
    }
    for (int i = 0; i < 60; i++)
        parcel_destroy(queue_take(&ring[station]));
    return NULL;
}

static void parcels_go_round_a_ring(void)
{
    pthread_t threads[STATIONS];
    for (uintptr_t i = 0; i < STATIONS; i++)
        threads[i] = start(serve_station, (void *)i);
    for (int i = 0; i < STATIONS; i++)
        join(threads[i]);
}

/* --- threads come and go -------------------------------------------------------------------------- */

static void *make_list(void *seed)
{
    uint64_t random = (uintptr_t)seed;
    struct parcel *list = NULL;
    for (int i = 0; i < 300; i++) {
        struct parcel *parcel = parcel_make(&random);
        parcel->next = list;
        list = parcel;
    }
    return list;
}

static void destroy_list(struct parcel *list)
{
    while (list != NULL) {
        struct parcel *next = list->next;
        parcel_destroy(list);
        list = next;
    }
}

static void *destroy_list_in_thread(void *list)
{
    destroy_list(list);
    return NULL;
}

static void blocks_outlive_their_thread(void)
{
    for (uintptr_t i = 0; i < 100; i++) {
        struct parcel *a = join(start(make_list, (void *)(i * 2 + 1)));
        struct parcel *b = join(start(make_list, (void *)(i * 2 + 2)));
        destroy_list(a);
        join(start(destroy_list_in_thread, b));
    }
}

static void *live_shortly(void *inherited)
{
    uint64_t random = (uintptr_t)inherited;
    destroy_list(inherited);
    struct parcel *list = NULL;
    for (int i = 0; i < 12; i++) {
        struct parcel *parcel = parcel_make(&random);
        if (i % 2) {
            parcel->next = list;
            list = parcel;
        } else {
            parcel_destroy(parcel);
        }
    }
    return list;
}

/* Each inherits blocks of one that ended before. */
static void ten_thousand_short_threads(void)
{
    enum { AT_ONCE = 10 };
    pthread_t threads[AT_ONCE];
    struct parcel *legacies[AT_ONCE] = {NULL};
    for (int i = 0; another_round(i, 10000 / AT_ONCE); i++) {
        for (int j = 0; j < AT_ONCE; j++)
            threads[j] = start(live_shortly, legacies[j]);
        for (int j = 0; j < AT_ONCE; j++)
            legacies[(j + 1) % AT_ONCE] = join(threads[j]);
    }
    for (int j = 0; j < AT_ONCE; j++)
        destroy_list(legacies[j]);
}

static void *live_detached(void *running)
{
    uint64_t random = 3;
    for (int i = 0; i < 50; i++)
        parcel_destroy(parcel_make(&random));
    atomic_fetch_sub((atomic_int *)running, 1);
    return NULL;
}

static void detached_threads_come_and_go(void)
{
    static atomic_int running;
    for (int i = 0; another_round(i, 1000); i++) {
        atomic_fetch_add(&running, 1);
        CHECK(pthread_detach(start(live_detached, &running)) == 0);
        while (atomic_load(&running) > 20)
            usleep(100);
    }
    while (atomic_load(&running) > 0)
        usleep(1000);
}

/* --- many live threads ---------------------------------------------------------------------------- */

enum { LIVE_THREADS = 500, HELD = 16, HELD_BYTES = 64 };
static pthread_barrier_t all_hold, all_may_end;
static unsigned char *held[LIVE_THREADS][HELD];

static void *hold_little(void *index)
{
    uintptr_t thread = (uintptr_t)index;
    for (size_t i = 0; i < HELD; i++) {
        held[thread][i] = must(malloc(HELD_BYTES));
        block_fill(held[thread][i], HELD_BYTES, thread * HELD + i);
    }
    pthread_barrier_wait(&all_hold);
    pthread_barrier_wait(&all_may_end);
    for (size_t i = 0; i < HELD; i += 2)
        free(held[thread][i]);
    return NULL;
}

static size_t resident_kib(void)
{
    size_t kib = 0;
    char line[200];
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmRSS: %zu", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kib;
}

static void five_hundred_live_threads(void)
{
    static pthread_t threads[LIVE_THREADS];
    pthread_barrier_init(&all_hold, NULL, LIVE_THREADS + 1);
    pthread_barrier_init(&all_may_end, NULL, LIVE_THREADS + 1);
    size_t before = resident_kib();
    for (uintptr_t i = 0; i < LIVE_THREADS; i++)
        threads[i] = start(hold_little, (void *)i);
    pthread_barrier_wait(&all_hold);
    double each = (double)(resident_kib() - before) / LIVE_THREADS;
    printf("          %.1f KiB resident for each of %d threads that hold 1 KiB\n", each, LIVE_THREADS);
    CHECK(each < 64);
    for (uintptr_t i = 0; i < LIVE_THREADS; i++)
        for (size_t j = 0; j < HELD; j++)
            CHECK(block_holds(held[i][j], HELD_BYTES, i * HELD + j));
    for (int i = 0; i < LIVE_THREADS; i++)
        for (int j = 1; j < HELD; j += 2)
            free(held[i][j]);
    pthread_barrier_wait(&all_may_end);
    for (int i = 0; i < LIVE_THREADS; i++)
        join(threads[i]);
}

/* --- the smallest stack --------------------------------------------------------------------------- */

static void *use_everything(void *unused)
{
    uint64_t random = 17;
    for (int i = 0; i < 300; i++) {
        size_t size = random_below(&random, i % 10 ? 2000 : 3000000);
        char *block = must(i % 3 ? malloc(size) : calloc(1, size + 1));
        block = must(realloc(block, size * 2 + 1));
        block[size * 2] = 1;
        void *aligned = must(memalign((size_t)16 << i % 10, size + 1));
        free(block);
        free(aligned);
    }
    return unused;
}

static void threads_of_the_smallest_stack(void)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    CHECK(pthread_attr_setstacksize(&attributes, (size_t)PTHREAD_STACK_MIN) == 0);
    for (int i = 0; another_round(i, 20); i++) {
        pthread_t threads[4];
        for (int j = 0; j < 4; j++)
            CHECK(pthread_create(&threads[j], &attributes, use_everything, NULL) == 0);
        for (int j = 0; j < 4; j++)
            join(threads[j]);
    }
}

/* --- the end of threads and of the process -------------------------------------------------------- */

static pthread_key_t keys[3];

/* Makes a new value in each round but the last, of other sizes, and frees the old one. */
static void destroy_value(void *value)
{
    struct parcel *parcel = value;
    unsigned round = (unsigned)(uintptr_t)parcel->next;
    uint64_t random = parcel->seed;
    parcel_destroy(parcel);
    for (int i = 0; i < 40; i++)
        parcel_destroy(parcel_make(&random));
    if (round + 1 >= PTHREAD_DESTRUCTOR_ITERATIONS)
        return;
    for (int i = 0; i < 3; i++) {
        if (pthread_getspecific(keys[i]) != NULL)
            continue;
        parcel = parcel_make(&random);
        parcel->next = (struct parcel *)(uintptr_t)(round + 1);
        pthread_setspecific(keys[i], parcel);
        return;
    }
}

static void *set_values(void *seed)
{
    uint64_t random = (uintptr_t)seed;
    for (int i = 0; i < 3; i++)
        pthread_setspecific(keys[i], parcel_make(&random));
    for (int i = 0; i < 40; i++)
        parcel_destroy(parcel_make(&random));
    return NULL;
}

static void tls_destructors_allocate_for_several_rounds(void)
{
    for (int i = 0; i < 3; i++)
        CHECK(pthread_key_create(&keys[i], destroy_value) == 0);
    for (uintptr_t i = 1; i < 300; i++) {
        pthread_t a = start(set_values, (void *)i), b = start(set_values, (void *)(i << 16));
        join(a);
        join(b);
    }
}

static void all_pthread_keys_may_be_taken(void)
{
    pthread_key_t key;
    unsigned count = 0;
    while (pthread_key_create(&key, free) == 0)
        count++;
    CHECK_THAT(count >= PTHREAD_KEYS_MAX - 8, "%u keys", count);
    for (uintptr_t i = 1; i < 20; i++)
        destroy_list(join(start(make_list, (void *)i)));
}

__attribute__((noreturn)) static void *allocate_for_ever(void *seed)
{
    uint64_t random = (uintptr_t)seed;
    for (;;)
        parcel_destroy(parcel_make(&random));
}

static void exit_amid_allocation(void)
{
    for (uintptr_t i = 1; i <= 3; i++)
        start(allocate_for_ever, (void *)i);
    usleep(2000);
    uint64_t random = 8;
    for (int i = 0; i < 100; i++)
        parcel_destroy(parcel_make(&random));
    exit(0);
}

static void exit_while_others_allocate(void)
{
    for (int i = 0; i < 40; i++)
        CHECK(run_in_child(exit_amid_allocation, 10) == 0);
}

__attribute__((noreturn)) static void *end_the_process(void *list)
{
    usleep(1000);
    destroy_list(list);
    exit(0);
}

static void main_thread_ends_first(void)
{
    start(allocate_for_ever, (void *)1);
    start(end_the_process, make_list((void *)2));
    pthread_exit(NULL);
}

static void the_process_outlives_its_main_thread(void)
{
    for (int i = 0; i < 20; i++)
        CHECK(run_in_child(main_thread_ends_first, 10) == 0);
}

static void *cancelled(void *cleanup)
{
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, NULL);
    pthread_cleanup_push(free, must(malloc(500)));
    for (;;) {
        free(must(malloc(3000)));
        pthread_testcancel();
    }
    pthread_cleanup_pop(1);
    return cleanup;
}

static void cancelled_threads_leave_their_heap_usable(void)
{
    for (int i = 0; i < 200; i++) {
        pthread_t thread = start(cancelled, NULL);
        free(must(malloc(3000)));
        pthread_cancel(thread);
        CHECK(join(thread) == PTHREAD_CANCELED);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(threads_that_only_free),
        TEST(producers_and_consumers),
        TEST(parcels_go_round_a_ring),
        TEST(blocks_outlive_their_thread),
        TEST(ten_thousand_short_threads),
        TEST(detached_threads_come_and_go),
        TEST(five_hundred_live_threads),
        TEST(threads_of_the_smallest_stack),
        TEST(tls_destructors_allocate_for_several_rounds),
        TEST(all_pthread_keys_may_be_taken),
        TEST(exit_while_others_allocate),
        TEST(the_process_outlives_its_main_thread),
        TEST(cancelled_threads_leave_their_heap_usable),
    };
    return RUN_TESTS(argc, argv, tests);
}
