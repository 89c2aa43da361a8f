/* seed_costs.h - divides what a run of the seed benchmark spent in code: the loop's share, the allocator's.
 */
#ifndef HAKMEM_TOOL_SEED_COSTS_H
#define HAKMEM_TOOL_SEED_COSTS_H

#include "seed_parse.h"

/* `loop_operations_s` is the speed of the same loop without an allocator. The costs stay sorted, and are
 * left as they are when it is not known (NAN), or when the run does not say how many operations it had. */
void seed_costs_split(struct seed_figures *figures, double loop_operations_s);

#endif
