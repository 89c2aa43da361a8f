/* front/large.c: runs, and blocks of whole SuperSlabs that move by their page tables. */
#include "unit/unit.h"

#include "front/front.h"
#include "os/vm.h"
#include "pool/pool.h"

/* What may have huge pages does not cover a block's last SuperSlab where the block covers that in part only:
 * it is a mapping of its own, and is copied. */
ISOLATED(a_block_that_moves_keeps_its_tail)
{
    enum { OTHERS_BYTES = 40 * SUPERSLAB_BYTES, BYTES = 5 * SUPERSLAB_BYTES + SUPERSLAB_BYTES / 2 };
    EXPECT(front_malloc(OTHERS_BYTES)); /* the heap is large enough for huge pages */
    char *block = front_malloc(BYTES), *fence = front_malloc(SUPERSLAB_BYTES);
    struct span span = pool_huge_span(region_unit_of(block) >> SUPERSLAB_UNITS_LOG2);
    EXPECT(pool_movable(span) == span.count - 1);
    block_fill(block, BYTES, 1);
    char *moved = front_realloc(block, 2 * (size_t)BYTES);
    EXPECT(moved != block && fence);
    EXPECT(block_holds(moved, BYTES, 1));
    front_free(moved);
    unit_validate();
}

static uint64_t moves(void)
{
    return atomic_load(&vm_calls.mremap);
}

/* Grows a block that cannot grow in place, beside `spare` free SuperSlabs with memory. */
static void move_beside(size_t from, size_t to, size_t spare)
{
    char *block = front_malloc(from * SUPERSLAB_BYTES), *fence = front_malloc(SUPERSLAB_BYTES);
    if (spare) {
        char *freed = front_malloc(spare * SUPERSLAB_BYTES), *other_fence = front_malloc(SUPERSLAB_BYTES);
        EXPECT(freed && other_fence);
        memset(freed, 1, spare * SUPERSLAB_BYTES);
        front_free(freed);
    }
    block_fill(block, from * SUPERSLAB_BYTES, 1);
    char *moved = front_realloc(block, to * SUPERSLAB_BYTES);
    EXPECT(moved != block && fence && block_holds(moved, from * SUPERSLAB_BYTES, 1));
    unit_validate();
}

ISOLATED_UNLESS_SANITIZED(a_block_is_copied_to_where_there_is_memory)
{
    move_beside(3, 4, 6);
    EXPECT(moves() == 0);
}

ISOLATED_UNLESS_SANITIZED(a_block_s_pages_are_moved_to_where_there_is_none)
{
    move_beside(3, 4, 0);
    EXPECT(moves() == 1);
}

ISOLATED_UNLESS_SANITIZED(a_large_block_s_pages_are_moved_anywhere)
{
    move_beside(8, 9, 10);
    EXPECT(moves() == 1);
}

static size_t mapped(void)
{
    struct pool_stats stats;
    pool_stats_read(&stats);
    return stats.mapped;
}

ISOLATED_UNLESS_SANITIZED(a_block_whose_pages_cannot_be_moved_is_copied_there)
{
    enum { BYTES = 3 * SUPERSLAB_BYTES };
    char *block = front_malloc(BYTES), *fence = front_malloc(SUPERSLAB_BYTES);
    char *room = front_malloc(2 * BYTES), *other_fence = front_malloc(SUPERSLAB_BYTES);
    EXPECT(fence && other_fence);
    front_free(room);
    pool_purge(PURGE_ALL);
    size_t before = mapped();
    block_fill(block, BYTES, 1);
    vm_test_fail_at(1);
    char *moved = front_realloc(block, BYTES + SUPERSLAB_BYTES);
    vm_test_fail_at(0);
    EXPECT(moves() == 1 && moved == room && block_holds(moved, BYTES, 1));
    EXPECT(mapped() == before);
    unit_validate();
}

static enum superslab_use use_around(const void *block)
{
    return superslab_at(region_unit_of(block) >> SUPERSLAB_UNITS_LOG2)->use;
}

ISOLATED(runs_lie_apart_from_small_blocks)
{
    enum { UNITS = 3 * SUPERSLAB_UNITS, BLOCK_BYTES = 4096 };
    void *run = NULL, *block = NULL;
    for (int i = 0; i < UNITS; i++)
        EXPECT(run = front_malloc(UNIT_BYTES));
    for (int i = 0; i < UNITS * UNIT_BYTES / BLOCK_BYTES; i++)
        EXPECT(block = front_malloc(BLOCK_BYTES));
    EXPECT(use_around(run) == SUPERSLAB_RUNS);
    EXPECT(use_around(block) == SUPERSLAB_SLABS);
    unit_validate();
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(runs_lie_apart_from_small_blocks),
    cmocka_unit_test(a_block_that_moves_keeps_its_tail),
    cmocka_unit_test(a_block_is_copied_to_where_there_is_memory),
    cmocka_unit_test(a_block_s_pages_are_moved_to_where_there_is_none),
    cmocka_unit_test(a_large_block_s_pages_are_moved_anywhere),
    cmocka_unit_test(a_block_whose_pages_cannot_be_moved_is_copied_there),
};

UNIT_MAIN(tests)
