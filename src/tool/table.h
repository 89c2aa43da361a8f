/* table.h - results as tables and sentences for a terminal. */
#ifndef HAKMEM_TOOL_TABLE_H
#define HAKMEM_TOOL_TABLE_H

#include "results.h"

/* Rows are benchmarks, columns allocators, each cell a median and its ratio to the best peer, which
 * is marked; the last row is the geometric mean of the ratios. */
void table_print(const struct results *results, enum metric metric);

/* One line for every allocator that failed on a benchmark. */
void table_print_failures(const struct results *results);

void table_print_bench_verdict(const struct results *results);
void table_print_memory_verdict(const struct results *results);

/* The one command's figures: rows are allocators, columns metrics with their intervals. */
void table_print_compare(const struct results *results);

#endif
