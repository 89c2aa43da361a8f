/* Loads and unloads a library again and again; blocks made in it are freed here, and the other way.
 *
 *     host PLUGIN TIMES     prints "ok", and with HAKMEM in the process leaves no block behind */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hakmem.h"

typedef void *make_function(size_t);
typedef void destroy_function(void *);

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(EXIT_FAILURE);
}

struct task {
    make_function *make;
    destroy_function *destroy;
};

static void *make_and_destroy(void *argument)
{
    struct task *task = argument;
    for (size_t size = 1; size < 200000; size = size * 3)
        task->destroy(malloc(size));
    for (size_t size = 1; size < 200000; size = size * 3)
        free(task->make(size));
    return NULL;
}

static void load_use_unload(const char *path, int flags)
{
    void *library = dlopen(path, flags);
    if (library == NULL)
        fail(dlerror());
    struct task task = {(make_function *)dlsym(library, "plugin_make"),
                        (destroy_function *)dlsym(library, "plugin_destroy")};
    if (task.make == NULL || task.destroy == NULL)
        fail("the plugin lacks a function");
    make_and_destroy(&task);
    pthread_t thread;
    if (pthread_create(&thread, NULL, make_and_destroy, &task) != 0)
        fail("no thread");
    pthread_join(thread, NULL);
    void *outlives = task.make(1000);
    if (dlclose(library) != 0)
        fail(dlerror());
    free(outlives);
}

static unsigned long live_blocks(void)
{
    __typeof__(hakmem_stats_read) *read_stats = (__typeof__(hakmem_stats_read) *)dlsym(RTLD_DEFAULT,
                                                                                       "hakmem_stats_read");
    struct hakmem_stats stats;
    return read_stats != NULL && read_stats(&stats, sizeof stats) ? stats.live_blocks : 0;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        fail("usage: host PLUGIN TIMES");
    int times = atoi(argv[2]);
    for (int i = 0; i < 10; i++)
        load_use_unload(argv[1], RTLD_NOW);
    unsigned long before = live_blocks();
    for (int i = 0; i < times; i++)
        load_use_unload(argv[1], i % 2 ? RTLD_NOW | RTLD_LOCAL : RTLD_LAZY | RTLD_GLOBAL);
    unsigned long after = live_blocks();
    if (after > before + 10)
        fail("blocks were left behind");
    puts("ok");
    return EXIT_SUCCESS;
}
