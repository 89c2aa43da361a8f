/* surplus.c - pages that are resident only because the kernel gave a whole huge page: they hold no live
 * block, and nobody has ever written to them. */
#include <string.h>

#include "reader/build.h"

enum { BATCH_PAGES = 256 };

struct surplus {
    struct build *build;
    char *pages; /* BATCH_PAGES of them */
    size_t numbers[BATCH_PAGES];
    size_t count;
    bool any;
};

static bool is_zero(const char *page, size_t bytes)
{
    return page[0] == 0 && memcmp(page, page + 1, bytes - 1) == 0;
}

static void settle_batch(struct surplus *surplus)
{
    struct reader_snapshot *snapshot = surplus->build->snapshot;
    struct source_piece pieces[BATCH_PAGES] = {{0}};
    uint64_t page_bytes = snapshot->page_bytes;
    for (size_t i = 0; i < surplus->count; i++)
        pieces[i] = (struct source_piece){snapshot->base + surplus->numbers[i] * page_bytes,
                                          surplus->pages + i * page_bytes, page_bytes};
    source_read_many(surplus->build->reader, pieces, surplus->count);
    for (size_t i = 0; i < surplus->count; i++)
        if (is_zero(surplus->pages + i * page_bytes, page_bytes)) {
            snapshot->surplus_map[surplus->numbers[i] / 64] |= UINT64_C(1) << (surplus->numbers[i] % 64);
            surplus->any = true;
        }
    surplus->count = 0;
}

/* Whether the slab has a block on the page that somebody may have written to and still needs. */
static bool slab_needs_page(const struct reader_snapshot *snapshot, const struct reader_slab *slab,
                            uint64_t address)
{
    uint64_t offset = address - reader_unit_address(snapshot, slab->unit);
    uint64_t size = reader_class_bytes(slab->size_class);
    uint64_t end = size_min(offset + snapshot->page_bytes, size * slab->blocks);
    for (uint64_t block = offset / size; block * size < end; block++) {
        enum reader_block_state state = reader_slab_state(slab, (unsigned)block);
        if (state == READER_LIVE || state == READER_PUBLISHED)
            return true;
    }
    return false;
}

static bool is_candidate(const struct reader_snapshot *snapshot, size_t page)
{
    uint64_t address = snapshot->base + (uint64_t)page * snapshot->page_bytes;
    const struct reader_slab *slab = reader_find_slab(snapshot, address);
    if (slab)
        return !slab_needs_page(snapshot, slab, address);
    const struct reader_run *run = reader_find_run(snapshot, address);
    return run ? run->cached : reader_find_huge(snapshot, address) == NULL;
}

bool build_surplus(struct build *build)
{
    struct reader_snapshot *snapshot = build->snapshot;
    struct surplus surplus = {.build = build};
    if (!snapshot->huge_page_map)
        return true;
    surplus.pages = build_take(build, BATCH_PAGES, snapshot->page_bytes);
    snapshot->surplus_map = build_take(build, (snapshot->page_count + 63) / 64,
                                       sizeof *snapshot->surplus_map);
    if (!surplus.pages || !snapshot->surplus_map)
        return false;
    for (size_t page = 0; page < snapshot->page_count; page++) {
        if (!snapshot->huge_page_map[page / 64]) {
            page |= 63;
            continue;
        }
        if (!reader_bit(snapshot->huge_page_map, page) || !is_candidate(snapshot, page))
            continue;
        surplus.numbers[surplus.count++] = page;
        if (surplus.count == BATCH_PAGES)
            settle_batch(&surplus);
    }
    settle_batch(&surplus);
    if (!surplus.any)
        snapshot->surplus_map = NULL;
    return true;
}
