/* seed_costs.c - the loop's share is taken out of the code's, which the benchmark cannot tell apart. */
#include "seed_costs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct seed_cost *code_find(struct seed_figures *figures)
{
    for (size_t i = 0; i < figures->costs; i++)
        if (strncmp(figures->cost[i].text, "code: ", 6) == 0)
            return &figures->cost[i];
    return NULL;
}

static double operations_of(const struct seed_figures *figures)
{
    double operations = 0;
    return sscanf(figures->parameters, "iterations=%lf", &operations) == 1 ? operations : 0;
}

static int compare_cost(const void *a, const void *b)
{
    double x = ((const struct seed_cost *)a)->ms, y = ((const struct seed_cost *)b)->ms;
    return (x < y) - (x > y);
}

void seed_costs_split(struct seed_figures *figures, double loop_operations_s)
{
    struct seed_cost *code = code_find(figures);
    double operations = operations_of(figures);
    if (!code || figures->costs == SEED_COSTS || !isfinite(loop_operations_s) || operations <= 0 ||
        code->ms <= 0)
        return;
    double percent_a_ms = code->percent / code->ms;
    struct seed_cost *loop = &figures->cost[figures->costs++];
    loop->ms = fmin(code->ms, operations / loop_operations_s * 1e3);
    loop->percent = loop->ms * percent_a_ms;
    code->ms -= loop->ms;
    code->percent = code->ms * percent_a_ms;
    snprintf(loop->text, sizeof loop->text, "the loop's own code, as it takes without an allocator");
    snprintf(code->text, sizeof code->text, "the allocator's code, and cache misses on its blocks");
    qsort(figures->cost, figures->costs, sizeof figures->cost[0], compare_cost);
}
