#include "front/record.h"

#include "base/bits.h"
#include "os/random.h"

/* From the lowest bit: size, walled, kind, alignment (0, or its logarithm + 1), freed, a mark. */
enum {
    WALLED_AT = RECORD_SIZE_BITS,
    KIND_AT = 48,
    ALIGN_AT = 50,
    ALIGN_MASK = 63,
    FREED_AT = 56,
    MARK_AT = 57,
    MARK = 0x5b,
};

static uint64_t secret(void)
{
    static _Atomic uint64_t number;
    uint64_t known = atomic_load_explicit(&number, memory_order_relaxed), none = 0;
    if (likely(known))
        return known;
    uint32_t words[RANDOM_WORDS];
    random_fill(words);
    known = ((uint64_t)words[0] << 32 | words[1]) | 1;
    return atomic_compare_exchange_strong(&number, &none, known) ? known : none;
}

#define SCATTER UINT64_C(0x9e3779b97f4a7c15)
#define GATHER UINT64_C(0xf1de83e19937733d) /* its inverse modulo 2^64 */

/* One to one, and each bit of the result depends on all of x. */
static uint64_t scatter(uint64_t x)
{
    x ^= x >> 32;
    x *= SCATTER;
    x ^= x >> 32;
    x *= SCATTER;
    return x ^ x >> 32;
}

static uint64_t gather(uint64_t x)
{
    x ^= x >> 32;
    x *= GATHER;
    x ^= x >> 32;
    x *= GATHER;
    return x ^ x >> 32;
}

static uint64_t key(const _Atomic uint64_t *at)
{
    return secret() ^ (uintptr_t)at * SCATTER;
}

uint64_t record_encode(const _Atomic uint64_t *at, const struct record *record)
{
    const struct claim *made = &record->made;
    uint64_t align = made->how & HOW_ALIGNED ? bit_highest(made->align) + 1 : 0;
    uint64_t word = made->size | (uint64_t)record->walled << WALLED_AT |
                    (uint64_t)(made->how & HOW_KIND) << KIND_AT | align << ALIGN_AT |
                    (uint64_t)record->freed << FREED_AT | (uint64_t)MARK << MARK_AT;
    return scatter(word ^ key(at));
}

bool record_decode(const _Atomic uint64_t *at, uint64_t word, struct record *record)
{
    word = gather(word) ^ key(at);
    unsigned kind = (word >> KIND_AT) & HOW_KIND, align = (word >> ALIGN_AT) & ALIGN_MASK;
    record->made.size = word & bits_below(RECORD_SIZE_BITS);
    record->made.how = kind | (align ? HOW_ALIGNED : 0u);
    record->made.align = align ? (size_t)1 << (align - 1) : 0;
    record->walled = (word >> WALLED_AT) & 1;
    record->freed = (word >> FREED_AT) & 1;
    return word >> MARK_AT == MARK && kind != HOW_KIND;
}
