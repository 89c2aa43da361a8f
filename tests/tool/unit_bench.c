/* unit_bench.c - what the memory benchmarks count with: pages without a survivor, and percentiles. */
#include "common_histogram.h"
#include "common_pages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* An address that is never looked at. */
static const void *at(size_t page, size_t offset)
{
    const uintptr_t base = (uintptr_t)1 << 40;
    return (const void *)(base + page * BENCH_PAGE_BYTES + offset);
}

static void test_pages_without_a_survivor_are_returnable(void **state)
{
    struct bench_page_set set;
    (void)state;
    bench_page_set_start(&set, 1 << 20);
    /* 100 pages of 16 blocks each; one block of every 4th page survives. */
    for (size_t i = 0; i < 1600; i++)
        if (i % 64 == 5)
            bench_page_set_keep(&set, at(i / 16, i % 16 * 256), 256);
        else
            bench_page_set_add(&set, at(i / 16, i % 16 * 256), 256);
    assert_int_equal(set.pages, 100);
    assert_int_equal(set.pages_kept, 25);
    assert_int_equal(bench_page_set_returnable_bytes(&set), 75 * BENCH_PAGE_BYTES);
}

static void test_a_survivor_holds_every_page_that_it_lies_on(void **state)
{
    struct bench_page_set set;
    (void)state;
    bench_page_set_start(&set, 1 << 20);
    bench_page_set_add(&set, at(0, 0), 10 * BENCH_PAGE_BYTES);
    assert_int_equal(bench_page_set_returnable_bytes(&set), 10 * BENCH_PAGE_BYTES);
    bench_page_set_keep(&set, at(2, BENCH_PAGE_BYTES - 1), 2); /* over an edge */
    assert_int_equal(bench_page_set_returnable_bytes(&set), 8 * BENCH_PAGE_BYTES);
    bench_page_set_keep(&set, at(5, 0), BENCH_PAGE_BYTES); /* just one */
    bench_page_set_keep(&set, at(5, 8), 16);               /* again */
    assert_int_equal(bench_page_set_returnable_bytes(&set), 7 * BENCH_PAGE_BYTES);
}

static void test_a_page_that_only_a_survivor_lies_on_is_none_to_return(void **state)
{
    struct bench_page_set set;
    (void)state;
    bench_page_set_start(&set, 1 << 20);
    bench_page_set_keep(&set, at(7, 0), 64);
    assert_int_equal(bench_page_set_returnable_bytes(&set), 0);
}

static void test_every_time_has_a_bucket_and_none_overlap(void **state)
{
    size_t last = 0;
    (void)state;
    for (uint64_t ns = 0; ns < 1 << 16; ns++) {
        size_t bucket = bench_histogram_bucket(ns);
        assert_true(bucket == last || bucket == last + 1 || ns == 0);
        last = bucket;
    }
    assert_true(bench_histogram_bucket(UINT64_MAX) < HISTOGRAM_BUCKETS);
}

static void test_percentiles_are_at_most_three_percent_off(void **state)
{
    static struct bench_histogram histogram;
    (void)state;
    for (uint64_t ns = 1; ns <= 100000; ns++)
        bench_histogram_count(&histogram, ns);
    assert_int_equal(histogram.total, 100000);
    assert_int_equal(histogram.most_ns, 100000);
    assert_in_range(bench_histogram_percentile_ns(&histogram, 0.5), 50000, 51600);
    assert_in_range(bench_histogram_percentile_ns(&histogram, 0.99), 99000, 100000);
    assert_int_equal(bench_histogram_percentile_ns(&histogram, 1), 100000);
}

static void test_sums_of_histograms_keep_the_worst(void **state)
{
    static struct bench_histogram sum, other;
    (void)state;
    bench_histogram_count(&sum, 10);
    bench_histogram_count(&other, 12345);
    bench_histogram_add(&sum, &other);
    assert_int_equal(sum.total, 2);
    assert_int_equal(sum.most_ns, 12345);
    assert_int_equal(bench_histogram_percentile_ns(&sum, 0.5), 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_without_a_survivor_are_returnable),
        cmocka_unit_test(test_a_survivor_holds_every_page_that_it_lies_on),
        cmocka_unit_test(test_a_page_that_only_a_survivor_lies_on_is_none_to_return),
        cmocka_unit_test(test_every_time_has_a_bucket_and_none_overlap),
        cmocka_unit_test(test_percentiles_are_at_most_three_percent_off),
        cmocka_unit_test(test_sums_of_histograms_keep_the_worst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
