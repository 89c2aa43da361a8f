/* realloc_growth.c - vectors that grow side by side, half by doubling, half by adding a little.
 *
 * A vector that reaches its end, 1 KiB to 1 MiB, is freed and starts anew. Each growth writes the new
 * part. Operations: reallocs.
 */
#define _GNU_SOURCE 1

#include "bench.h"

#include <stdlib.h>
#include <string.h>

enum { OPS, VECTORS, SEED, PARAMETERS };
enum { FIRST_BYTES = 16, LEAST_LOG2 = 10, MOST_LOG2 = 20, LEAST_STEP = 16, MOST_STEP = 4096 };

static struct bench_parameter p[PARAMETERS] = {
    {"ops", 200000, 1, UINT64_MAX},
    {"vectors", 64, 1, 1000000},
    {"seed", 1234567, 1, UINT64_MAX},
};

struct vector {
    char *data;
    size_t bytes;
    size_t end; /* freed when it has grown to this */
};

static size_t vector_next_bytes(const struct vector *vector, bool doubles, uint64_t random)
{
    if (vector->bytes == 0)
        return FIRST_BYTES;
    return doubles ? 2 * vector->bytes : vector->bytes + bench_between(random, LEAST_STEP, MOST_STEP);
}

static void vector_grow(struct vector *vector, bool doubles, uint64_t random)
{
    size_t bytes = vector_next_bytes(vector, doubles, random);
    char *data = bench_touch(realloc(vector->data, bytes), bytes);
    memset(data + vector->bytes, (int)(random & 0xff), bytes - vector->bytes);
    vector->data = data;
    vector->bytes = bytes;
}

static void vector_restart(struct vector *vector, uint64_t random)
{
    free(vector->data);
    vector->data = NULL;
    vector->bytes = 0;
    vector->end = (size_t)1 << bench_between(random, LEAST_LOG2, MOST_LOG2);
}

int main(int argc, char **argv)
{
    bench_parameters_read(argc, argv, p, PARAMETERS);
    size_t vectors = p[VECTORS].value;
    uint64_t random = p[SEED].value;
    struct vector *vector = bench_pages(vectors * sizeof *vector);

    uint64_t start = bench_now_ns();
    for (uint64_t i = 0; i < p[OPS].value; i++) {
        size_t which = bench_between(bench_random(&random), 0, vectors - 1);
        if (vector[which].bytes >= vector[which].end)
            vector_restart(&vector[which], bench_random(&random));
        vector_grow(&vector[which], which % 2 == 0, bench_random(&random));
    }
    for (size_t i = 0; i < vectors; i++)
        free(vector[i].data);
    uint64_t elapsed = bench_now_ns() - start;

    bench_report("realloc_growth", p, PARAMETERS, p[OPS].value, elapsed);
    return 0;
}
