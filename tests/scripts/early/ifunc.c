/* An indirect function, whose resolver runs while the program is being relocated: it allocates. What it gets
 * lies in the main thread's heap, as all that thread gets later. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hakmem.h"

static void *from_resolver[4];

static int answer_of_resolver(void)
{
    return 42;
}

static int (*resolve_answer(void))(void)
{
    free(NULL);
    from_resolver[0] = malloc(100);
    from_resolver[1] = calloc(100, 100);
    from_resolver[2] = realloc(malloc(10), 100000);
    free(malloc(3000000));
    return answer_of_resolver;
}

int answer(void) __attribute__((ifunc("resolve_answer")));

/* HAKMEM's; 1 when it is not there. */
static unsigned long heaps(void)
{
    __typeof__(hakmem_stats_read) *read_stats = (__typeof__(hakmem_stats_read) *)dlsym(RTLD_DEFAULT,
                                                                                       "hakmem_stats_read");
    struct hakmem_stats stats;
    return read_stats != NULL && read_stats(&stats, sizeof stats) ? stats.heaps : 1;
}

int main(void)
{
    if (answer() != 42 || !from_resolver[0] || !from_resolver[1] || !from_resolver[2])
        return EXIT_FAILURE;
    for (int i = 0; i < 10000; i++)
        if (((char *)from_resolver[1])[i] != 0)
            return EXIT_FAILURE;
    memset(from_resolver[2], 1, 100000);
    for (int i = 0; i < 3; i++)
        free(from_resolver[i]);
    if (heaps() != 1)
        return EXIT_FAILURE;
    return puts("ok") < 0;
}
