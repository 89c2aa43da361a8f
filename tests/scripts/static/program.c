/* Uses every allocating function that programs use, before main, in threads, across fork and at exit; that
 * HAKMEM serves it is checked. */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hakmem.h"

static void require(int condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "not so: %s\n", what);
    _exit(EXIT_FAILURE);
}

static void use_all(void)
{
    void *blocks[12] = {
        malloc(10),
        calloc(10, 1000),
        realloc(malloc(10), 5000),
        memalign(64, 100),
        aligned_alloc(128, 1000),
        valloc(10000),
        pvalloc(10),
        strdup("text"),
        malloc(2000000),
        reallocarray(NULL, 10, 10),
        malloc(100000),
        NULL,
    };
    require(posix_memalign(&blocks[11], 4096, 100) == 0, "posix_memalign");
    for (int i = 0; i < 12; i++) {
        require(hakmem_owns(blocks[i]), "the block is HAKMEM's");
        require(malloc_usable_size(blocks[i]) == hakmem_usable_size(blocks[i]), "one usable size");
        free(blocks[i]);
    }
}

static void *use_in_thread(void *unused)
{
    for (int i = 0; i < 100; i++)
        use_all();
    return unused;
}

static void *kept;

__attribute__((constructor)) static void before_main(void)
{
    use_all();
    kept = malloc(100);
}

__attribute__((destructor)) static void after_main(void)
{
    free(kept);
    use_all();
}

int main(void)
{
    pthread_t threads[4];
    int status;
    for (int i = 0; i < 4; i++)
        require(pthread_create(&threads[i], NULL, use_in_thread, NULL) == 0, "pthread_create");
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    pid_t child = fork();
    if (child == 0) {
        use_in_thread(NULL);
        _exit(0);
    }
    require(waitpid(child, &status, 0) == child && status == 0, "the child ends well");
    require(malloc((size_t)-1) == NULL && errno == ENOMEM, "no memory for too much");
    return puts("ok") < 0;
}
