/* Many threads, each with a few blocks of many sizes, while the kernel backs the heap with huge pages.
 * HK_HUGE_PAGES=0 has the kernel use none. */
#include "staged.h"

#include <sys/mman.h>
#include <sys/prctl.h>

enum { THREADS = 32, SIZES = 30, BLOCKS = 3, BUSY_BLOCKS = 2000 };

static pthread_barrier_t done;

static void *run(void *unused)
{
    for (int i = 0; i < BUSY_BLOCKS; i++) /* then HAKMEM gives it slabs of its own */
        staged_block(16);
    for (size_t k = 1; k <= SIZES; k++) {
        for (int i = 0; i < BLOCKS; i++)
            staged_block(k * 256);
    }
    pthread_barrier_wait(&done);
    for (;;)
        pause();
    return unused;
}

/* Where huge pages are given only where asked for, asks for them: everywhere near a block of the heap. */
static void allow_huge_pages(void)
{
    void *block = staged_block(64);
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        bool is_heap = sscanf(line, "%lx-%lx", &start, &end) == 2 && (uintptr_t)block >= start &&
                       (uintptr_t)block < end;
        if (is_heap)
            madvise((void *)start, end - start, MADV_HUGEPAGE);
    }
    if (maps)
        fclose(maps);
}

int main(void)
{
    const char *wanted = getenv("HK_HUGE_PAGES");
    pthread_t thread;
    void *grown = malloc(128 << 20);
    if (wanted && *wanted == '0')
        prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    free(grown);
    allow_huge_pages();
    pthread_barrier_init(&done, NULL, THREADS + 1);
    for (int i = 0; i < THREADS; i++)
        if (pthread_create(&thread, NULL, run, NULL) != 0)
            return 1;
    pthread_barrier_wait(&done);
    staged_ready(NULL);
}
