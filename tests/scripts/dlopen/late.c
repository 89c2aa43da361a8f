/* Loads the allocator itself, late: the process keeps its malloc, and what the allocator's functions give can
 * be freed with it.
 *
 *     late LIBRARY TIMES */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what)
{
    fprintf(stderr, "late: %s\n", what);
    exit(EXIT_FAILURE);
}

static void *use(void *library)
{
    void *(*its_malloc)(size_t) = (void *(*)(size_t))dlsym(library, "malloc");
    void (*its_free)(void *) = (void (*)(void *))dlsym(library, "free");
    if (!its_malloc || !its_free)
        fail("it has no malloc");
    for (size_t size = 1; size < 2000000; size *= 5) {
        its_free(memset(its_malloc(size), 1, size));
        free(memset(its_malloc(size), 1, size));
        its_free(memset(malloc(size), 1, size));
    }
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    if (argc != 3)
        fail("usage: late LIBRARY TIMES");
    for (int i = 0, times = atoi(argv[2]); i < times; i++) {
        void *library = dlopen(argv[1], i % 2 ? RTLD_NOW | RTLD_GLOBAL : RTLD_LAZY);
        if (!library)
            fail(dlerror());
        use(library);
        if (i % 100 == 0 && pthread_create(&thread, NULL, use, library) == 0)
            pthread_join(thread, NULL);
        if (dlclose(library) != 0)
            fail(dlerror());
    }
    return puts("ok") < 0;
}
