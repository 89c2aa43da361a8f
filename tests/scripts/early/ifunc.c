/* An indirect function, whose resolver runs while the program is being relocated: it allocates. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    return puts("ok") < 0;
}
