/* oracle.c - the seed loop over an allocator that knows more than any real one can.
 *
 * It bumps a pointer and keeps a free list per size, rounded up to 16; the slot remembers the size,
 * so free need not find it. No threads, no checks, nothing is ever given back: a floor for
 * instructions and page faults. Payload pages lie in one mapping, faulted in as they are touched.
 */
#define _GNU_SOURCE 1

#include <stddef.h>
#include <stdint.h>

static inline char *oracle_malloc(size_t size);
static inline uintptr_t oracle_keep(char *block, size_t size);
static inline void oracle_free(uintptr_t kept);

#define SEED_MALLOC(size) oracle_malloc(size)
#define SEED_KEEP(block, size) oracle_keep(block, size)
#define SEED_FREE(kept) oracle_free(kept)

#include "seed_loop.h"

#include <sys/mman.h>

enum { CLASSES = 66, CLASS_SHIFT = 48, LARGEST_BYTES = 1040 };

static char *bump;
static void *free_list[CLASSES]; /* linked through the blocks' first words */

static inline char *oracle_malloc(size_t size)
{
    size_t class = (size + 15) >> 4;
    char *block = free_list[class];
    if (block) {
        free_list[class] = *(void **)(void *)block;
        return block;
    }
    block = bump;
    bump += class << 4;
    return block;
}

static inline uintptr_t oracle_keep(char *block, size_t size)
{
    return (uintptr_t)block | ((size + 15) >> 4) << CLASS_SHIFT;
}

static inline void oracle_free(uintptr_t kept)
{
    size_t class = kept >> CLASS_SHIFT;
    void **block = (void **)(kept & (((uintptr_t)1 << CLASS_SHIFT) - 1));
    *block = free_list[class];
    free_list[class] = block;
}

/* Each size's high-water mark is near its average share of half the slots; this is far above. */
static void space_map(size_t slots)
{
    size_t bytes = (slots + CLASSES) * LARGEST_BYTES * 2;
    bump = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bump == MAP_FAILED)
        bench_fail("no address space for the oracle");
    madvise(bump, bytes, MADV_NOHUGEPAGE);
}

int main(int argc, char **argv)
{
    struct bench_parameter p[] = SEED_PARAMETERS_DEFAULT;
    bench_parameters_read(argc, argv, p, SEED_PARAMETERS);
    uintptr_t *slots = bench_pages(p[SEED_SLOTS].value * sizeof *slots);
    space_map(p[SEED_SLOTS].value);

    uint64_t faults = bench_page_faults();
    uint64_t start = bench_now_ns();
    seed_loop(slots, p[SEED_SLOTS].value, p[SEED_OPS].value, p[SEED_SEED].value);
    uint64_t elapsed = bench_now_ns() - start;
    faults = bench_page_faults() - faults;

    bench_report("oracle", p, SEED_PARAMETERS, p[SEED_OPS].value, elapsed);
    if (!bench_quiet())
        bench_print("Page faults in the loop: %llu\n", (unsigned long long)faults);
    return 0;
}
