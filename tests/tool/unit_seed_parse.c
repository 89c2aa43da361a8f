/* unit_seed_parse.c - what the seed benchmark prints is read to the last figure. */
#include "seed_costs.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char printed[] =
    "Allocator: HAKMEM 0.1.0 (libhakmem.so)\n"
    "Throughput = 39950128 ops/s [iterations=2000000 slots=4096 seed=1234567] time=0.050062s\n"
    "Page faults: 461 in the loop, 594 in the process\n"
    "Peak RSS: 3528 KiB\n"
    "Hardware counters (the loop, user mode)     an operation\n"
    "  cycles                   123456            61.70\n"
    "  branch misses      not available here\n"
    "  instr. a cycle                2.10\n"
    "Hit rates in the loop\n"
    "  FastCache          99.97 % of 1000994 mallocs\n"
    "  SuperSlab LRU      none asked for\n"
    "SuperSlabs mapped: 2\n"
    "System calls        in the loop    time us    process     time us   (another run, traced)\n"
    "  mmap                      4        30.8         15       237.4\n"
    "  number 79                 0         0.0          1      1506.2\n"
    "  total                     4        30.8         16      1743.6\n"
    "  (the tracing's own 47.8 us a call are subtracted)\n"
    "What costs most\n"
    "  1.  97.9 %     49.003 ms  code: the allocator's and the loop's own (the rest of the time)\n"
    "  2.   2.1 %      1.028 ms  461 page faults, at the 2.23 us of one here\n";

static void every_figure_is_read(void **state)
{
    struct seed_figures figures;
    (void)state;
    assert_true(seed_parse(printed, &figures));
    assert_true(figures.throughput == 39950128);
    assert_string_equal(figures.parameters, "iterations=2000000 slots=4096 seed=1234567");
    assert_true(figures.faults_loop == 461 && figures.faults_process == 594);
    assert_true(figures.peak_rss_bytes == 3528.0 * 1024);
    assert_true(figures.superslabs == 2);
}

static void counters_that_are_missing_are_told_from_those_that_are_there(void **state)
{
    struct seed_figures figures;
    (void)state;
    assert_true(seed_parse(printed, &figures));
    assert_int_equal(figures.counters, 3);
    assert_string_equal(figures.counter[0].name, "cycles");
    assert_true(figures.counter[0].value == 123456 && figures.counter[0].each == 61.70);
    assert_true(isnan(figures.counter[1].value));
    assert_true(figures.counter[2].value == 2.10 && isnan(figures.counter[2].each));
    assert_true(seed_parse("Throughput = 1 ops/s [a=1] time=1s\n"
                           "Hardware counters: not available here (this machine has none)\n",
                           &figures));
    assert_int_equal(figures.counters, 0);
    assert_string_equal(figures.no_counters, "this machine has none");
}

static void rates_calls_and_costs_keep_their_names(void **state)
{
    struct seed_figures figures;
    (void)state;
    assert_true(seed_parse(printed, &figures));
    assert_int_equal(figures.rates, 2);
    assert_string_equal(figures.rate[1].name, "SuperSlab LRU");
    assert_true(figures.rate[0].percent == 99.97 && figures.rate[0].of == 1000994);
    assert_true(isnan(figures.rate[1].percent));
    assert_int_equal(figures.calls, 3);
    assert_string_equal(figures.call[1].name, "number 79");
    assert_true(figures.call[0].loop == 4 && figures.call[0].process_us == 237.4);
    assert_int_equal(figures.costs, 2);
    assert_true(figures.cost[1].percent == 2.1 && figures.cost[1].ms == 1.028);
    assert_string_equal(figures.cost[1].text, "461 page faults, at the 2.23 us of one here");
}

static void the_loops_share_is_taken_from_the_code(void **state)
{
    struct seed_figures figures;
    (void)state;
    assert_true(seed_parse(printed, &figures));
    seed_costs_split(&figures, 100e6); /* 2,000,000 operations: 20 of 49.003 ms */
    assert_int_equal(figures.costs, 3);
    assert_true(fabs(figures.cost[0].ms - 29.003) < 1e-9);
    assert_true(fabs(figures.cost[1].ms - 20) < 1e-9);
    assert_true(fabs(figures.cost[0].percent + figures.cost[1].percent - 97.9) < 1e-9);
    assert_true(figures.cost[2].ms == 1.028);
    assert_true(seed_parse(printed, &figures));
    seed_costs_split(&figures, (double)NAN);
    assert_int_equal(figures.costs, 2);
}

static void what_is_no_report_is_refused(void **state)
{
    static const char *const wrong[] = {"", "\n\n", "Segmentation fault\n", "Throughput = none\n",
                                        "  x\n y\n"};
    struct seed_figures figures;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(seed_parse(wrong[i], &figures));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_figure_is_read),
        cmocka_unit_test(counters_that_are_missing_are_told_from_those_that_are_there),
        cmocka_unit_test(rates_calls_and_costs_keep_their_names),
        cmocka_unit_test(the_loops_share_is_taken_from_the_code),
        cmocka_unit_test(what_is_no_report_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
