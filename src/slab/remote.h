/* remote.h - how a block goes back to its slab from a thread that does not own it: the protocol, whole.
 *
 * Publish (any thread, no lock): set the block's bit in the slab's remote word; when the word was 0, set
 * the word's bit in the remote summary; when that was 0, push the slab on its heap's inbox. Each step
 * that finds somebody before it stops there: that thread does the rest.
 *
 * Collect (under the heap's lock): take the inbox whole; for each slab: read its next link first, then
 * exchange the summary with 0, then exchange only the words that the summary named.
 *
 * Invariant: a slab with published, uncollected bits is never counted empty, so it is never released,
 * so a pending push always has a live target. Collecting a word whose summary bit is not yet set breaks
 * it: its publisher would go on to push a slab that is gone. models/remote_free.pml proves it.
 *
 * Orders, each with what it is for:
 *   PUBLISH_WORD     release: what the program wrote to the block before it freed it
 *                    acquire: behind the collector's TAKE_SUMMARY, or the bit would be lost
 *   PUBLISH_SUMMARY  release: the summary names only words whose bits are there
 *                    acquire: inbox_next is written after the collector has read it
 *   PUSH             release: inbox_next, and the publisher's last look at the slab
 *   TAKE_INBOX       acquire: the other side of PUSH
 *   TAKE_SUMMARY     acquire, release: the other sides of PUBLISH_SUMMARY's
 *   TAKE_WORD        acquire, release: the other sides of PUBLISH_WORD's
 * Some of these a control dependency would give as well; but C11 knows none, and on x86 they cost nothing.
 * They can be set from outside, so that a checker of the memory model sees each one weakened
 * (models/genmc/remote_free.c, by `make model`: none can be spared). */
#ifndef HAKMEM_SLAB_REMOTE_H
#define HAKMEM_SLAB_REMOTE_H

#include "base/bits.h"
#include "slab/slab.h"

#ifndef REMOTE_ORDER_PUBLISH_WORD
#define REMOTE_ORDER_PUBLISH_WORD memory_order_acq_rel
#endif
#ifndef REMOTE_ORDER_PUBLISH_SUMMARY
#define REMOTE_ORDER_PUBLISH_SUMMARY memory_order_acq_rel
#endif
#ifndef REMOTE_ORDER_PUSH
#define REMOTE_ORDER_PUSH memory_order_release
#endif
#ifndef REMOTE_ORDER_TAKE_INBOX
#define REMOTE_ORDER_TAKE_INBOX memory_order_acquire
#endif
#ifndef REMOTE_ORDER_TAKE_SUMMARY
#define REMOTE_ORDER_TAKE_SUMMARY memory_order_acq_rel
#endif
#ifndef REMOTE_ORDER_TAKE_WORD
#define REMOTE_ORDER_TAKE_WORD memory_order_acq_rel
#endif

/* A heap's slabs with published bits: a list that anyone pushes on and only a whole take empties. */
struct inbox {
    _Atomic slab_link head;
};

static inline _Atomic uint64_t *remote_words(struct slab *slab)
{
    return slab_has_inline_map(slab) ? slab->remote_inline : region_remote_map(slab->unit);
}

/* Whether the slab has remote words to publish in: a small class's lie in a map of their own, for which
 * there may have been no memory. Once true, true for good. */
static inline bool remote_is_ready(const struct slab *slab)
{
    return slab_has_inline_map(slab) ||
           slab->unit < atomic_load_explicit(&region.remote_units, memory_order_acquire);
}

static inline uint64_t remote_peek(struct slab *slab, unsigned word)
{
    return remote_is_ready(slab) ? atomic_load_explicit(&remote_words(slab)[word], memory_order_relaxed) : 0;
}

/* Sets the bits; *twice gets those that were set already. True: the caller must remote_push the slab. */
static inline bool remote_publish_word(struct slab *slab, unsigned word, uint64_t mask, uint64_t *twice)
{
    uint64_t old = atomic_fetch_or_explicit(&remote_words(slab)[word], mask, REMOTE_ORDER_PUBLISH_WORD);
    *twice = old & mask;
    if (old)
        return false;
    return atomic_fetch_or_explicit(&slab->remote_summary, UINT64_C(1) << word,
                                    REMOTE_ORDER_PUBLISH_SUMMARY) == 0;
}

static inline void remote_push(struct inbox *inbox, struct slab *slab)
{
    slab_link head = atomic_load_explicit(&inbox->head, memory_order_relaxed);
    do
        atomic_store_explicit(&slab->inbox_next, head, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&inbox->head, &head, slab_to_link(slab), REMOTE_ORDER_PUSH,
                                                  memory_order_relaxed));
}

static inline bool inbox_is_empty(struct inbox *inbox)
{
    return atomic_load_explicit(&inbox->head, memory_order_relaxed) == 0;
}

static inline slab_link inbox_take(struct inbox *inbox)
{
    return atomic_exchange_explicit(&inbox->head, 0, REMOTE_ORDER_TAKE_INBOX);
}

/* Next of a slab taken from an inbox: to be read before remote_take_summary, after which the slab may be
 * pushed again. */
static inline slab_link remote_next(struct slab *slab)
{
    return atomic_load_explicit(&slab->inbox_next, memory_order_relaxed);
}

static inline uint64_t remote_take_summary(struct slab *slab)
{
    return atomic_exchange_explicit(&slab->remote_summary, 0, REMOTE_ORDER_TAKE_SUMMARY);
}

static inline uint64_t remote_take_word(struct slab *slab, unsigned word)
{
    return atomic_exchange_explicit(&remote_words(slab)[word], 0, REMOTE_ORDER_TAKE_WORD);
}

#endif
