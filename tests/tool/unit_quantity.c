/* unit_quantity.c - sizes and times as people write them on a command line. */
#include "quantity.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void sizes_have_binary_units(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } expected[] = {{"1", 1},           {"4096", 4096},     {"512M", 512u << 20}, {"64k", 64 << 10},
                    {"2G", 2ull << 30}, {"1.5M", 3 << 19},  {"1KiB", 1024},       {"8MB", 8 << 20},
                    {"16B", 16},        {"1T", 1ull << 40}, {"0.5k", 512}};
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        uint64_t bytes = 0;
        assert_true(quantity_read_bytes(expected[i].text, &bytes));
        assert_int_equal(bytes, expected[i].bytes);
    }
}

static void what_is_no_size_is_refused(void **state)
{
    static const char *const wrong[] = {"",    "0",   "-1",  "M",   "1X",        "1MM", "1 M", "0x10",
                                        "1e3", "nan", "inf", "1iB", "99999999T", " 1",  "1..5"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint64_t bytes = 7;
        if (quantity_read_bytes(wrong[i], &bytes))
            fail_msg("'%s' was taken for %llu bytes", wrong[i], (unsigned long long)bytes);
    }
}

static void times_have_units_or_are_seconds(void **state)
{
    static const struct {
        const char *text;
        double seconds;
    } expected[] = {{"1s", 1},     {"500ms", 0.5}, {"2m", 120},  {"60", 60},
                    {"1.5s", 1.5}, {"1h", 3600},   {"2min", 120}};
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        double seconds = 0;
        assert_true(quantity_read_seconds(expected[i].text, &seconds));
        assert_true(seconds == expected[i].seconds);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const wrong[] = {"", "0", "-1s", "s", "1sec", "1 s", "1us", "0x1", "forever"};
    double seconds;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (quantity_read_seconds(wrong[i], &seconds))
            fail_msg("'%s' was taken for a time", wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_have_binary_units),
        cmocka_unit_test(what_is_no_size_is_refused),
        cmocka_unit_test(times_have_units_or_are_seconds),
        cmocka_unit_test(what_is_no_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
