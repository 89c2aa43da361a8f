/* unit_stats.c - median, its confidence interval and the geometric mean of `hakmem`. */
#include "stats.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_near(double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%g is not %g within %g", value, expected, tolerance);
}

static void median_of_nothing_is_no_number(void **state)
{
    (void)state;
    assert_true(isnan(stats_median(NULL, 0)));
}

static void median_of_odd_count_is_the_middle_value(void **state)
{
    const double values[] = {5, 1, 3};
    (void)state;
    assert_near(stats_median(values, 3), 3, 0);
}

static void median_of_even_count_is_the_mean_of_the_middle(void **state)
{
    const double values[] = {4, 1, 3, 2};
    (void)state;
    assert_near(stats_median(values, 4), 2.5, 0);
}

static void failed_runs_are_left_out(void **state)
{
    const double values[] = {(double)NAN, 7, (double)NAN, 9, 8};
    (void)state;
    assert_near(stats_median(values, 5), 8, 0);
}

static void five_values_have_no_95_percent_interval(void **state)
{
    const double values[] = {1, 2, 3, 4, 5};
    (void)state;
    assert_false(stats_median_interval(values, 5, 0.95).valid);
}

static void six_values_span_the_interval_whole(void **state)
{
    const double values[] = {6, 5, 4, 3, 2, 1};
    struct interval interval = stats_median_interval(values, 6, 0.95);
    (void)state;
    assert_true(interval.valid);
    assert_near(interval.low, 1, 0);
    assert_near(interval.high, 6, 0);
    assert_near(interval.coverage, 1 - 2.0 / 64, 1e-12);
}

/* Altman and others, Statistics with Confidence (2000), p. 38: the second and the tenth of 11. */
static void eleven_values_leave_out_one_at_each_end(void **state)
{
    const double values[] = {66, 71.2, 83, 83.6, 101, 107.6, 122, 143, 160, 177, 414};
    struct interval interval = stats_median_interval(values, 11, 0.95);
    (void)state;
    assert_near(interval.low, 71.2, 0);
    assert_near(interval.high, 177, 0);
    assert_near(interval.coverage, 0.98828, 1e-5);
}

/* The table of sign-test intervals gives ranks 40 and 61 for 100 values. */
static void hundred_values_use_ranks_40_and_61(void **state)
{
    double values[100];
    (void)state;
    for (int i = 0; i < 100; i++)
        values[i] = i + 1;
    struct interval interval = stats_median_interval(values, 100, 0.95);
    assert_near(interval.low, 40, 0);
    assert_near(interval.high, 61, 0);
}

static void thousand_values_do_not_overflow(void **state)
{
    double values[1000];
    (void)state;
    for (int i = 0; i < 1000; i++)
        values[i] = i + 1;
    struct interval interval = stats_median_interval(values, 1000, 0.95);
    assert_true(interval.valid);
    assert_true(interval.low > 450 && interval.low < 500);
    assert_true(interval.coverage >= 0.95 && interval.coverage < 0.96);
}

static void geometric_mean_of_inverses_is_one(void **state)
{
    const double values[] = {4, 0.25, 2, 0.5, (double)NAN};
    (void)state;
    assert_near(stats_geometric_mean(values, 5), 1, 1e-12);
    assert_true(isnan(stats_geometric_mean(values, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(median_of_nothing_is_no_number),
        cmocka_unit_test(median_of_odd_count_is_the_middle_value),
        cmocka_unit_test(median_of_even_count_is_the_mean_of_the_middle),
        cmocka_unit_test(failed_runs_are_left_out),
        cmocka_unit_test(five_values_have_no_95_percent_interval),
        cmocka_unit_test(six_values_span_the_interval_whole),
        cmocka_unit_test(eleven_values_leave_out_one_at_each_end),
        cmocka_unit_test(hundred_values_use_ranks_40_and_61),
        cmocka_unit_test(thousand_values_do_not_overflow),
        cmocka_unit_test(geometric_mean_of_inverses_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
