/* none.c - the seed loop without an allocator: every block is the same buffer. What it costs is the
 * loop's own share in the other figures. */
#define SEED_MALLOC(size) (none_buffer)
#define SEED_KEEP(block, size) ((uintptr_t)(block))
#define SEED_FREE(kept) ((void)(kept))

static char none_buffer[2048];

#include "seed_loop.h"

int main(int argc, char **argv)
{
    struct bench_parameter p[] = SEED_PARAMETERS_DEFAULT;
    bench_parameters_read(argc, argv, p, SEED_PARAMETERS);
    uintptr_t *slots = bench_pages(p[SEED_SLOTS].value * sizeof *slots);

    uint64_t start = bench_now_ns();
    seed_loop(slots, p[SEED_SLOTS].value, p[SEED_OPS].value, p[SEED_SEED].value);
    uint64_t elapsed = bench_now_ns() - start;

    bench_report("none", p, SEED_PARAMETERS, p[SEED_OPS].value, elapsed);
    return 0;
}
