/* front/large.c: blocks of whole SuperSlabs that move by their page tables. */
#include "unit/unit.h"

#include "front/front.h"
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

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_block_that_moves_keeps_its_tail),
};

UNIT_MAIN(tests)
