/* remote_free.c - the steps of src/slab/remote.h, the very code, for a checker of the C11 memory model.
 *
 * Threads publish blocks of two slabs; the main thread, and in some scenarios another one, collects as
 * bin_collect does. What remote_free.pml shows for steps that all see in one order, this shows for the
 * orders of memory that the header asks for: models/run.sh weakens each of them, which must be found.
 *
 *   a. a block published once is collected once, and found by the summary (no bit is lost);
 *   b. what was written to a block before it was freed is seen by who collects it: plain accesses, of
 *      which the checker reports a race;
 *   c. a slab whose blocks are all collected is released: `owner` changes, plainly, and nobody looks at
 *      it or pushes it any more;
 *   d. of two frees of one block the second is found;
 *   e. a word's bits and a slab's summary have one carrier at a time (remote_free.pml, a and b), who hands
 *      them on so that one comes before the other to C11 too, which knows no control dependencies: each
 *      carrier writes a plain ghost.
 *
 * A scenario says what the two publishers do, how many slabs one collection takes, and which blocks its
 * slabs have. */
#include <assert.h>
#include <pthread.h>

#include "slab/slab.h"

/* A publication's first step made its thread the carrier of a word: a look in between, before the second. */
static void before_or(const void *object, uint64_t operand);
#undef atomic_fetch_or_explicit
#define atomic_fetch_or_explicit(object, operand, order)                                                     \
    (before_or(object, operand), __c11_atomic_fetch_or(object, operand, order))

#include "slab/remote.h"

enum { OWNER = 1, NOBODY = 0, SLABS = 2, WORDS = 2, WORD_BLOCKS = 2, ALL_SLABS = 100 };

struct region region;

static struct slab slabs[SLABS];
static struct inbox inbox;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static slab_link uncollected;                  /* [lock] */
static uint64_t map[SLABS][WORDS];             /* [lock] */
static int content[SLABS][WORDS][WORD_BLOCKS]; /* of who has the block */
static int carried_words[SLABS][WORDS];        /* of the word's carrier */
static int carried_slabs[SLABS];               /* of the summary's carrier */
static _Atomic int doubles;
static _Atomic int handed_out;

enum { WRITTEN_BEFORE_FREE = 1, WRITTEN_BY_NEXT = 2 };

static void collect_some(void);

/* ---- scenarios */

#if defined(SCENARIO_TWO_WORDS)
enum { FREES_TWICE = 0, MOST = ALL_SLABS, ROUNDS = 1 };
static const uint64_t blocks_of[SLABS][WORDS] = {{1, 1}};
#define FIRST write_and_publish(0, 0, 0)
#define SECOND write_and_publish(0, 1, 0)

#elif defined(SCENARIO_TWO_SLABS)
enum { FREES_TWICE = 0, MOST = 1, ROUNDS = 2 };
static const uint64_t blocks_of[SLABS][WORDS] = {{1}, {1}};
#define FIRST write_and_publish(0, 0, 0)
#define SECOND write_and_publish(1, 0, 0)

#elif defined(SCENARIO_PUSHED_AGAIN) /* behind another slab, whose link changes meanwhile */
enum { FREES_TWICE = 0, MOST = ALL_SLABS, ROUNDS = 1 };
static const uint64_t blocks_of[SLABS][WORDS] = {{3}, {1}};
#define FIRST (write_and_publish(0, 0, 0), write_and_publish(0, 0, 1))
#define SECOND write_and_publish(1, 0, 0)

#elif defined(SCENARIO_TWO_COLLECTORS)
enum { FREES_TWICE = 0, MOST = 1, ROUNDS = 1 };
static const uint64_t blocks_of[SLABS][WORDS] = {{3}, {1}};
#define FIRST (write_and_publish(0, 0, 0), write_and_publish(1, 0, 0), write_and_publish(0, 0, 1))
#define SECOND collect_some()

#elif defined(SCENARIO_HANDED_OUT_AGAIN)
enum { FREES_TWICE = 0, MOST = ALL_SLABS, ROUNDS = 1 };
static const uint64_t blocks_of[SLABS][WORDS] = {{1}};
#define HANDS_OUT
#define FIRST write_and_publish(0, 0, 0)
#define SECOND                                                                                               \
    (atomic_load_explicit(&handed_out, memory_order_acquire) ? write_and_publish(0, 0, 0) : (void)0)

#elif defined(SCENARIO_DOUBLE_FREE)
enum { FREES_TWICE = 1, MOST = ALL_SLABS, ROUNDS = 1 };
static const uint64_t blocks_of[SLABS][WORDS] = {{3}};
#define FIRST publish(0, 0, 0)
#define SECOND publish(0, 0, 0)

#else
enum { FREES_TWICE = 0, MOST = ALL_SLABS, ROUNDS = 1 };
static const uint64_t blocks_of[SLABS][WORDS] = {{3}};
#define FIRST write_and_publish(0, 0, 0)
#define SECOND write_and_publish(0, 0, 1)
#endif

#ifdef HANDS_OUT
static bool hands_out = true;
#else
static bool hands_out = false;
#endif

/* ---- as src/heap/depot.c publishes */

static void before_or(const void *object, uint64_t operand)
{
    for (unsigned s = 0; s < SLABS; s++)
        if (object == &slabs[s].remote_summary)
            carried_words[s][bit_lowest(operand)]++;
}

static void publish(unsigned s, unsigned word, unsigned bit)
{
    uint64_t twice;
    struct slab *slab = &slabs[s];
    if (remote_publish_word(slab, word, UINT64_C(1) << bit, &twice)) {
        assert(slab->owner == OWNER); /* c */
        carried_slabs[s]++;
        remote_push(&inbox, slab);
    }
    if (twice)
        atomic_fetch_add_explicit(&doubles, 1, memory_order_relaxed);
}

static void write_and_publish(unsigned s, unsigned word, unsigned bit)
{
    content[s][word][bit] = WRITTEN_BEFORE_FREE;
    publish(s, word, bit);
}

/* ---- as src/heap/bin.c collects */

static void take_block(unsigned s, unsigned word, unsigned bit)
{
    assert(FREES_TWICE || content[s][word][bit] == WRITTEN_BEFORE_FREE); /* b */
    content[s][word][bit] = WRITTEN_BY_NEXT;
    if (hands_out) {
        hands_out = false;
        map[s][word] &= ~(UINT64_C(1) << bit);
        atomic_store_explicit(&handed_out, 1, memory_order_release);
    }
}

static void collect_word(unsigned s, unsigned word)
{
    carried_words[s][word]++;
    uint64_t mask = remote_take_word(&slabs[s], word), twice = mask & map[s][word];
    assert(mask); /* the summary named it */
    if (twice)
        atomic_fetch_add_explicit(&doubles, 1, memory_order_relaxed);
    assert(FREES_TWICE || !twice); /* a */
    map[s][word] |= mask;
    for (unsigned bit = 0; bit < WORD_BLOCKS; bit++)
        if (mask & ~twice & (UINT64_C(1) << bit))
            take_block(s, word, bit);
}

static void collect_slab(unsigned s)
{
    assert(slabs[s].owner == OWNER);
    carried_slabs[s]++;
    uint64_t words = remote_take_summary(&slabs[s]);
    assert(words);
    for (unsigned word = 0; word < WORDS; word++)
        if (words & (UINT64_C(1) << word))
            collect_word(s, word);
    if (map[s][0] == blocks_of[s][0] && map[s][1] == blocks_of[s][1])
        slabs[s].owner = NOBODY;
}

static void collect(int most)
{
    slab_link at = uncollected;
    for (; most > 0; most--) {
        if (!at && !inbox_is_empty(&inbox))
            at = inbox_take(&inbox);
        if (!at)
            break;
        unsigned s = at - 1;
        at = remote_next(&slabs[s]);
        collect_slab(s);
    }
    uncollected = at;
}

static void collect_some(void)
{
    pthread_mutex_lock(&lock);
    collect(MOST);
    pthread_mutex_unlock(&lock);
}

/* ---- */

static void *first(void *unused)
{
    (void)unused;
    FIRST;
    return NULL;
}

static void *second(void *unused)
{
    (void)unused;
    SECOND;
    return NULL;
}

static void check_end(void)
{
    for (unsigned s = 0; s < SLABS; s++)
        for (unsigned word = 0; word < WORDS; word++) {
            assert(remote_peek(&slabs[s], word) == 0);
            if (!FREES_TWICE)
                assert(map[s][word] == blocks_of[s][word] ||
                       (atomic_load(&handed_out) && !map[s][word])); /* a */
        }
    assert(inbox_is_empty(&inbox) && !uncollected);
    assert(atomic_load(&doubles) == FREES_TWICE); /* d */
}

int main(void)
{
    pthread_t threads[2];
    for (unsigned s = 0; s < SLABS; s++) {
        slabs[s].unit = s;
        slabs[s].blocks = WORDS * 64;
        slabs[s].owner = OWNER;
    }
    pthread_create(&threads[0], NULL, first, NULL);
    pthread_create(&threads[1], NULL, second, NULL);
    for (int i = 0; i < ROUNDS; i++)
        collect_some();
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    collect(ALL_SLABS);
    check_end();
    return 0;
}
