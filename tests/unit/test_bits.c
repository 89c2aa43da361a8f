/* base/bits.h against arithmetic written the long way. */
#include "unit/unit.h"

#include "base/bits.h"

static unsigned naive_count(uint64_t x)
{
    unsigned n = 0;
    for (; x; x >>= 1)
        n += x & 1;
    return n;
}

/* Words of every density: from a few bits to nearly all. */
static uint64_t random_word(uint64_t *random)
{
    uint64_t word = random_next(random);
    size_t rounds = random_below(random, 4);
    bool dense = random_below(random, 2);
    for (size_t i = 0; i < rounds; i++)
        word = dense ? word | random_next(random) : word & random_next(random);
    return word;
}

static void lowest_and_highest_find_the_only_bit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(bit_lowest(UINT64_C(1) << i), i);
        assert_int_equal(bit_highest(UINT64_C(1) << i), i);
        assert_int_equal(bit_lowest(~UINT64_C(0) << i), i);
        assert_int_equal(bit_highest(~UINT64_C(0) >> i), 63 - i);
    }
}

static void count_is_the_number_of_bits(void **state)
{
    (void)state;
    uint64_t random = unit_random(1);
    assert_int_equal(bit_count(0), 0);
    assert_int_equal(bit_count(~UINT64_C(0)), 64);
    for (unsigned i = 0; i < 64; i++)
        for (unsigned j = 0; j < 64; j++)
            assert_int_equal(bit_count(UINT64_C(1) << i | UINT64_C(1) << j), i == j ? 1 : 2);
    for (int i = 0; i < 100000; i++) {
        uint64_t word = random_word(&random);
        assert_int_equal(bit_count(word), naive_count(word));
    }
}

static void below_names_the_lowest_bits(void **state)
{
    (void)state;
    uint64_t expected = 0;
    for (unsigned n = 0; n <= 64; n++) {
        assert_true(bits_below(n) == expected);
        expected = expected << 1 | 1;
    }
}

static void powers_of_two_are_known(void **state)
{
    (void)state;
    for (size_t x = 0; x < 100000; x++)
        assert_int_equal(is_power_of_two(x), naive_count(x) == 1);
    for (unsigned i = 0; i < 64; i++)
        assert_true(is_power_of_two((size_t)1 << i));
    assert_false(is_power_of_two(SIZE_MAX));
}

static void rounding_goes_to_the_nearest_multiple(void **state)
{
    (void)state;
    for (size_t power = 1; power <= 4096; power *= 2)
        for (size_t x = 0; x < 9000; x++) {
            assert_int_equal(align_down(x, power), x / power * power);
            assert_int_equal(align_up(x, power), (x + power - 1) / power * power);
        }
    assert_true(align_down(SIZE_MAX, 65536) == SIZE_MAX - 65535);
}

static void min_and_max_choose(void **state)
{
    (void)state;
    assert_int_equal(size_min(3, 7), 3);
    assert_int_equal(size_min(7, 3), 3);
    assert_int_equal(size_max(3, 7), 7);
    assert_int_equal(size_max(7, 3), 7);
    assert_true(size_max(SIZE_MAX, 0) == SIZE_MAX);
}

static unsigned naive_find_row(uint64_t bits, unsigned length, unsigned align)
{
    for (unsigned at = 0; at + length <= 64; at += align) {
        unsigned have = 0;
        while (have < length && (bits >> (at + have)) & 1)
            have++;
        if (have == length)
            return at;
    }
    return 64;
}

static void rows_are_found_as_by_trying_each_place(void **state)
{
    (void)state;
    uint64_t random = unit_random(2);
    for (int i = 0; i < 500; i++) {
        uint64_t word = i == 0 ? 0 : i == 1 ? ~UINT64_C(0) : random_word(&random);
        for (unsigned length = 1; length <= 64; length++)
            for (unsigned align = 1; align <= 64; align *= 2)
                assert_int_equal(bits_find_row(word, length, align), naive_find_row(word, length, align));
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(lowest_and_highest_find_the_only_bit),
    cmocka_unit_test(count_is_the_number_of_bits),
    cmocka_unit_test(below_names_the_lowest_bits),
    cmocka_unit_test(powers_of_two_are_known),
    cmocka_unit_test(rounding_goes_to_the_nearest_multiple),
    cmocka_unit_test(min_and_max_choose),
    cmocka_unit_test(rows_are_found_as_by_trying_each_place),
};

UNIT_MAIN(tests)
