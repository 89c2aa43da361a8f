/* heap/quarantine.c: in which order, and after how many others, blocks come out. */
#include "unit/unit.h"

#include "heap/quarantine.h"

static char memory[2 * QUARANTINE_BLOCKS + 1];
static size_t blocks_put, blocks_taken;

static void put(size_t usable)
{
    EXPECT(quarantine_put(&(struct quarantined){.block = &memory[blocks_put++], .usable = usable}));
}

static bool take(bool all)
{
    struct quarantined entry;
    bool taken = quarantine_take(&entry, all);
    if (taken)
        EXPECT(entry.block == &memory[blocks_taken++]);
    return taken;
}

ISOLATED(a_block_waits_for_as_many_others_as_there_may_be)
{
    for (size_t i = 0; i < QUARANTINE_BLOCKS; i++) {
        put(16);
        EXPECT(!take(false));
    }
    for (size_t i = 0; i < QUARANTINE_BLOCKS; i++) {
        put(16);
        EXPECT(take(false) && !take(false));
    }
}

ISOLATED(large_blocks_wait_for_as_many_bytes_as_there_may_be)
{
    for (int i = 0; i < 4; i++) {
        put(QUARANTINE_BYTES / 4);
        EXPECT(!take(false));
    }
    for (int i = 0; i < 20; i++) {
        put(QUARANTINE_BYTES / 4);
        EXPECT(take(false) && !take(false));
    }
}

ISOLATED(the_newest_stays_however_large)
{
    put(2 * (size_t)QUARANTINE_BYTES);
    EXPECT(!take(false));
    put(3 * (size_t)QUARANTINE_BYTES);
    EXPECT(take(false) && !take(false));
}

ISOLATED(all_come_out_when_asked_for_and_no_more_go_in_than_there_is_room)
{
    for (size_t i = 0; i < 2 * QUARANTINE_BLOCKS; i++)
        put(1);
    EXPECT(!quarantine_put(&(struct quarantined){.block = memory}));
    while (take(true))
        ;
    EXPECT(blocks_taken == blocks_put);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_block_waits_for_as_many_others_as_there_may_be),
    cmocka_unit_test(large_blocks_wait_for_as_many_bytes_as_there_may_be),
    cmocka_unit_test(the_newest_stays_however_large),
    cmocka_unit_test(all_come_out_when_asked_for_and_no_more_go_in_than_there_is_room),
};

UNIT_MAIN(tests)
