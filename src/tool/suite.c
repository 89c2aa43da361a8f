/* suite.c - the table of benchmarks. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

const struct suite_case suite_case[] = {
    {.name = "random_mixed",
     .program = "bench_random_mixed_hakmem",
     .arguments = {"20000000", "4096"},
     .quick_operations = "2000000",
     .about = "the seed loop: random mallocs and frees of 16..1039 bytes"},
    {.name = "random_mixed_cold",
     .program = "bench_random_mixed_hakmem",
     .arguments = {"200000", "4096"},
     .fixed_operations = true,
     .about = "the same, so short that the first touch of memory counts"},
    {.name = "random_mixed_wide",
     .program = "bench_random_mixed_hakmem",
     .arguments = {"10000000", "65536"},
     .quick_operations = "1000000",
     .about = "the same with 65536 slots: more than the caches hold"},
    {.name = "bulk",
     .program = "bench_bulk",
     .arguments = {"6000000"},
     .quick_operations = "1000000",
     .about = "big lists and trees built and torn down, first or last in first out"},
    {.name = "containers",
     .program = "bench_containers",
     .arguments = {"3000000"},
     .quick_operations = "500000",
     .about = "C++ map, unordered_map, vector and string"},
    {.name = "realloc_growth",
     .program = "bench_realloc_growth",
     .arguments = {"100000"},
     .quick_operations = "20000",
     .about = "vectors that double or grow a little at a time"},
    {.name = "large",
     .program = "bench_large",
     .arguments = {"2000"},
     .quick_operations = "400",
     .about = "blocks of 64 KiB..16 MiB replaced at random, every page written"},
    {.name = "producer_consumer",
     .program = "bench_producer_consumer",
     .arguments = {"4000000"},
     .quick_operations = "500000",
     .about = "two pairs of threads: one allocates, the other frees"},
    {.name = "larson_like",
     .program = "bench_larson_like",
     .arguments = {"8000000"},
     .quick_operations = "1000000",
     .about = "threads that come and go, and free what others allocated"},
    {.name = "many_threads",
     .program = "bench_many_threads",
     .arguments = {"4000000"},
     .quick_operations = "500000",
     .about = "waves of 64 threads with short lives"},
    {.name = "idle_threads",
     .program = "bench_idle_threads",
     .arguments = {"500"},
     .fixed_operations = true,
     .memory_a_thread = true,
     .about = "memory a thread: 500 sleep and hold 1 KiB each (not a throughput)"},
};
const size_t suite_cases = sizeof suite_case / sizeof suite_case[0];

const struct suite_case *suite_find(const char *name, size_t length)
{
    for (size_t i = 0; i < suite_cases; i++)
        if (strlen(suite_case[i].name) == length && strncmp(suite_case[i].name, name, length) == 0)
            return &suite_case[i];
    return NULL;
}

void suite_print(void)
{
    for (size_t i = 0; i < suite_cases; i++)
        printf("  %-18s %s\n", suite_case[i].name, suite_case[i].about);
}
