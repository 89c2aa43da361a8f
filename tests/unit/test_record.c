/* front/record.c: what is read is what was written, and nothing else is taken for it. */
#include "unit/unit.h"

#include "front/record.h"

enum { WORDS = 1000, RECORDS = 10000, BY_CHANCE_MOST = 30 }; /* 1 in 512 is taken for a record by chance */

static _Atomic uint64_t words[WORDS];

static struct record some_record(uint64_t *random)
{
    unsigned kind = (unsigned)random_below(random, 3);
    bool is_aligned = random_below(random, 2);
    return (struct record){
        .made = {.size = random_next(random) >> (64 - random_below(random, RECORD_SIZE_BITS) - 1),
                 .align = is_aligned ? (size_t)1 << random_below(random, 40) : 0,
                 .how = kind | (is_aligned ? HOW_ALIGNED : 0)},
        .walled = random_below(random, 2),
        .freed = random_below(random, 2),
    };
}

static bool are_same(const struct record *a, const struct record *b)
{
    return a->made.size == b->made.size && a->made.align == b->made.align && a->made.how == b->made.how &&
           a->walled == b->walled && a->freed == b->freed;
}

static void a_record_says_what_was_written(void **state)
{
    (void)state;
    uint64_t random = unit_random(1);
    for (int i = 0; i < RECORDS; i++) {
        const _Atomic uint64_t *at = &words[random_below(&random, WORDS)];
        struct record record = some_record(&random), read;
        EXPECT(record_decode(at, record_encode(at, &record), &read) && are_same(&read, &record));
    }
}

static void a_record_is_none_at_another_address(void **state)
{
    (void)state;
    uint64_t random = unit_random(2);
    struct record record = some_record(&random), read;
    uint64_t word = record_encode(&words[0], &record);
    int taken = 0;
    for (int i = 1; i < WORDS; i++)
        taken += record_decode(&words[i], word, &read);
    EXPECT(taken <= BY_CHANCE_MOST);
}

static void a_record_of_which_a_bit_is_other_is_none(void **state)
{
    (void)state;
    uint64_t random = unit_random(3);
    int taken = 0;
    for (int i = 0; i < WORDS; i++) {
        struct record record = some_record(&random), read;
        uint64_t word = record_encode(&words[i], &record);
        taken += record_decode(&words[i], word ^ UINT64_C(1) << random_below(&random, 64), &read);
    }
    EXPECT(taken <= BY_CHANCE_MOST);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_record_says_what_was_written),
    cmocka_unit_test(a_record_is_none_at_another_address),
    cmocka_unit_test(a_record_of_which_a_bit_is_other_is_none),
};

UNIT_MAIN(tests)
