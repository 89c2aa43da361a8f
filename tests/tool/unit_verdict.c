/* unit_verdict.c - what `hakmem compare` concludes from figures, and the bounded curve it draws. */
#include "curve.h"
#include "results.h"
#include "text.h"
#include "verdict.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RUNS = 9 };

static struct allocator allocator[] = {{"HAKMEM", "", NULL}, {"system", "", NULL}, {"other", "", NULL}};
static const struct allocator_list list = {allocator, 3};
static struct results results;

static int results_setup(void **state)
{
    (void)state;
    results_start(&results, &list, 1, RUNS);
    return 0;
}

static int results_teardown(void **state)
{
    (void)state;
    free(results.row_name);
    free(results.value);
    free(results.failure);
    return 0;
}

/* Every run near the middle, with a spread of so many percent. */
static void fill(size_t which, double wall_s, double spread_percent, double rss_bytes)
{
    for (size_t i = 0; i < RUNS; i++) {
        double offset = ((double)(i * 7 % RUNS) - RUNS / 2) / (RUNS / 2);
        results_values(&results, 0, which, METRIC_WALL)[i] =
            wall_s * (1 + (which == ALLOCATOR_HAKMEM ? -1 : 1) * offset * spread_percent / 100);
        results_values(&results, 0, which, METRIC_RSS)[i] = rss_bytes;
    }
}

static void assert_verdict(const char *expected)
{
    struct text text = {NULL, 0, 0};
    verdict_write(&results, &text);
    assert_string_equal(text.data, expected);
    text_free(&text);
}

static void faster_and_leaner_is_said_with_an_interval(void **state)
{
    (void)state;
    fill(ALLOCATOR_HAKMEM, 1.0, 0, 80e6);
    fill(ALLOCATOR_SYSTEM, 2.0, 0, 90e6);
    fill(2, 1.1, 0, 100e6);
    assert_verdict("HAKMEM is 10.0 % faster (95 % CI 10.0..10.0 %) and uses 20 % less memory than "
                   "the fastest peer, other. It uses 11 % less memory than the leanest, system.");
}

static void slower_is_said_as_plainly(void **state)
{
    (void)state;
    fill(ALLOCATOR_HAKMEM, 1.25, 0, 120e6);
    fill(ALLOCATOR_SYSTEM, 1.0, 0, 100e6);
    fill(2, 2.0, 0, 200e6);
    assert_verdict("HAKMEM is 25.0 % slower (95 % CI 25.0..25.0 %) and uses 20 % more memory than "
                   "the fastest peer, system.");
}

static void a_difference_within_the_noise_is_not_claimed(void **state)
{
    struct text text = {NULL, 0, 0};
    (void)state;
    fill(ALLOCATOR_HAKMEM, 1.0, 10, 100e6);
    fill(ALLOCATOR_SYSTEM, 1.01, 10, 100e6);
    fill(2, 2.0, 10, 100e6);
    verdict_write(&results, &text);
    assert_non_null(strstr(text.data, "within the noise only"));
    assert_null(strstr(text.data, "faster ("));
    text_free(&text);
}

static void a_failed_peer_is_no_best_peer(void **state)
{
    (void)state;
    fill(ALLOCATOR_HAKMEM, 1.0, 0, 100e6);
    fill(ALLOCATOR_SYSTEM, 1.5, 0, 100e6);
    fill(2, 0.5, 0, 10e6);
    strcpy(results_failure(&results, 0, 2), "killed");
    assert_int_equal(results_best_peer(&results, 0, METRIC_WALL), ALLOCATOR_SYSTEM);
    assert_verdict("HAKMEM is 50.0 % faster (95 % CI 50.0..50.0 %) and uses as much memory as the "
                   "fastest peer, system.");
}

static void a_failed_hakmem_is_not_compared(void **state)
{
    (void)state;
    fill(ALLOCATOR_SYSTEM, 1.5, 0, 100e6);
    strcpy(results_failure(&results, 0, ALLOCATOR_HAKMEM), "killed");
    assert_verdict("There is nothing to compare: HAKMEM failed.");
}

static void ratios_are_to_the_best_peer(void **state)
{
    (void)state;
    fill(ALLOCATOR_HAKMEM, 1.0, 0, 50e6);
    fill(ALLOCATOR_SYSTEM, 2.0, 0, 100e6);
    fill(2, 4.0, 0, 200e6);
    assert_true(fabs(results_ratio(&results, 0, ALLOCATOR_HAKMEM, METRIC_WALL) - 0.5) < 1e-12);
    assert_true(fabs(results_geometric_mean(&results, 2, METRIC_RSS) - 2) < 1e-12);
}

static void a_long_curve_keeps_its_ends_and_its_bound(void **state)
{
    static struct curve curve;
    (void)state;
    curve_start(&curve);
    for (int i = 1; i <= 100 * CURVE_POINTS; i++)
        curve_add(&curve, i, i * 1024.0);
    assert_in_range(curve.count, CURVE_POINTS / 2, CURVE_POINTS);
    assert_true(curve.point[0].seconds < 2);
    assert_true((double)curve.point[curve.count - 1].seconds > 98.0 * CURVE_POINTS);
    for (size_t i = 1; i < curve.count; i++)
        assert_true(curve.point[i].seconds > curve.point[i - 1].seconds);
}

#define RESULTS_TEST(name) cmocka_unit_test_setup_teardown(name, results_setup, results_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RESULTS_TEST(faster_and_leaner_is_said_with_an_interval),
        RESULTS_TEST(slower_is_said_as_plainly),
        RESULTS_TEST(a_difference_within_the_noise_is_not_claimed),
        RESULTS_TEST(a_failed_peer_is_no_best_peer),
        RESULTS_TEST(a_failed_hakmem_is_not_compared),
        RESULTS_TEST(ratios_are_to_the_best_peer),
        cmocka_unit_test(a_long_curve_keeps_its_ends_and_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
