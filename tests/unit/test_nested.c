/* front/nested.c: calls of a signal handler that interrupted the allocator. Here the test itself says that
 * the thread is inside. */
#include "unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "front/front.h"
#include "front/nested.h"
#include "os/vm.h"

enum { BLOCKS = 40, ROUNDS = 2000 };

static const struct heap *outside;

static void enter(void)
{
    outside = tls_heap;
    thread_enter();
}

static void leave(void)
{
    thread_leave(outside);
}

static bool is_mapped(const void *page)
{
    unsigned char resident;
    return mincore((void *)(uintptr_t)page, vm_page_bytes(), &resident) == 0;
}

/* Any call that leaves a slow path. */
static void use_slow_path(void)
{
    front_free(front_malloc(50 * UNIT_BYTES));
}

static int compare(const void *a, const void *b)
{
    uintptr_t x = *(const uintptr_t *)a, y = *(const uintptr_t *)b;
    return (x > y) - (x < y);
}

/* An odd number of pages each, so that every other one is not aligned where its mapping begins. */
ISOLATED(aligned_blocks_have_their_bytes_to_themselves)
{
    uintptr_t blocks[BLOCKS];
    size_t align = 2 * vm_page_bytes(), size = vm_page_bytes();
    free(malloc(1)); /* of libc: it does its own mapping first */
    front_free(front_malloc(1));
    enter();
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = (uintptr_t)front_aligned(align, size, HOW_MALLOC);
        EXPECT(blocks[i] && blocks[i] % align == 0);
    }
    qsort(blocks, BLOCKS, sizeof *blocks, compare);
    for (size_t i = 0; i < BLOCKS; i++) {
        size_t usable = front_usable_size(NULL, (void *)blocks[i]);
        EXPECT(usable >= size);
        EXPECT(i + 1 == BLOCKS || blocks[i] + usable <= blocks[i + 1]);
    }
    for (size_t i = 0; i < BLOCKS; i++)
        front_free((void *)blocks[i]);
    leave();
}

ISOLATED(a_freed_block_leaves_nothing_behind)
{
    front_free(front_malloc(1));
    enter();
    for (int i = 0; i < ROUNDS; i++) {
        char *block = front_malloc(100);
        EXPECT(block);
        block[99] = 1;
        front_free(block);
        EXPECT(!is_mapped(block));
    }
    leave();
}

ISOLATED(a_full_table_is_no_memory)
{
    enum { MORE_THAN_THE_TABLE = 1000 };
    static void *blocks[MORE_THAN_THE_TABLE];
    size_t made = 0;
    front_free(front_malloc(1));
    enter();
    errno = 0;
    while (made < MORE_THAN_THE_TABLE && (blocks[made] = front_malloc(10)) != NULL)
        made++;
    EXPECT(made < MORE_THAN_THE_TABLE && errno == ENOMEM);
    while (made > 0)
        front_free(blocks[--made]);
    EXPECT((blocks[0] = front_malloc(10)) != NULL);
    front_free(blocks[0]);
    leave();
}

ISOLATED(a_nested_block_outlives_the_handler)
{
    front_free(front_malloc(1));
    enter();
    unsigned char *block = front_malloc(1000);
    EXPECT(block);
    leave();
    block_fill(block, 1000, 3);
    block = front_realloc(block, 5000);
    EXPECT(block && block_holds(block, 1000, 3));
    front_free(block);
}

ISOLATED(what_a_handler_frees_is_free_afterwards)
{
    void *run = front_malloc(3 * UNIT_BYTES);
    EXPECT(run);
    enter();
    front_free(run);
    EXPECT(atomic_load(&nested_waiting) == 1); /* the heap is not touched meanwhile */
    leave();
    use_slow_path();
    EXPECT(atomic_load(&nested_waiting) == 0);
    EXPECT(front_malloc(3 * UNIT_BYTES) == run);
}

ISOLATED(handlers_free_any_number_of_blocks_in_time)
{
    for (int i = 0; i < ROUNDS; i++) {
        void *run = front_malloc(3 * UNIT_BYTES);
        enter();
        front_free(run);
        leave();
        use_slow_path();
    }
    EXPECT(region_units() < ROUNDS);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(aligned_blocks_have_their_bytes_to_themselves),
    cmocka_unit_test(a_freed_block_leaves_nothing_behind),
    cmocka_unit_test(a_full_table_is_no_memory),
    cmocka_unit_test(a_nested_block_outlives_the_handler),
    cmocka_unit_test(what_a_handler_frees_is_free_afterwards),
    cmocka_unit_test(handlers_free_any_number_of_blocks_in_time),
};

UNIT_MAIN(tests)
