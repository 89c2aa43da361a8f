#include "slab/slab.h"

#include <string.h>

#include "base/check.h"
#include "os/random.h"
#include "os/vm.h"
#include "slab/remote.h"

struct slab *slab_create(size_t unit, unsigned size_class, uint32_t owner)
{
    const struct size_class *class = &size_classes[size_class];
    struct slab *slab = region_slab_record(unit);
    slab->unit = (uint32_t)unit;
    slab->blocks = class->slab_blocks;
    slab->free_blocks = class->slab_blocks;
    slab->size_class = (uint8_t)size_class;
    slab->state = SLAB_NONE;
    slab->unit_offset = 0;
    slab->quiet = 0;
    slab->has_purged = 0;
    slab->purged_pages = 0;
    slab->owner = owner;
    slab->next = slab->prev = 0;
    slab->summary = bits_below(class->slab_words);
    uint64_t *words = slab_words(slab);
    memset(words, 0xff, class->slab_words * sizeof *words);
    if (class->slab_blocks % 64)
        words[class->slab_words - 1] = bits_below(class->slab_blocks % 64);
    for (unsigned i = 1; i < class->slab_units; i++) {
        struct slab *inner = region_slab_record(unit + i);
        inner->state = SLAB_NONE;
        inner->unit_offset = (uint8_t)i;
    }
    return slab;
}

/* The pages of blocks that are given out are dirty from now on. */
static void forget_purged(struct slab *slab, void *const *slot, unsigned blocks)
{
    unsigned page_log2 = bit_lowest(vm_page_bytes());
    uintptr_t base = (uintptr_t)slab_address(slab);
    size_t last_byte = class_size(slab->size_class) - 1;
    uint64_t pages = 0;
    for (unsigned i = 0; i < blocks; i++) {
        size_t offset = (uintptr_t)slot[-(ptrdiff_t)i] - base;
        size_t first = offset >> page_log2, last = (offset + last_byte) >> page_log2;
        pages |= (UINT64_C(2) << last) - (UINT64_C(1) << first); /* of 64 pages: 2 << 63 is 0 */
    }
    slab->purged_pages &= ~pages;
    slab->has_purged = slab->purged_pages != 0;
}

static void note_taken(struct slab *slab, void *const *slot, unsigned blocks)
{
    slab->free_blocks = (uint16_t)(slab->free_blocks - blocks);
    slab->quiet = 0;
    if (slab->has_purged)
        forget_purged(slab, slot, blocks);
}

static unsigned nth_bit(uint64_t bits, unsigned n)
{
    while (n-- > 0)
        bits &= bits - 1;
    return bit_lowest(bits);
}

/* HAKMEM_SECURE: a word at random, and of it a bit. */
static COLD unsigned take_at_random(struct slab *slab, void **slot, unsigned want)
{
    uint64_t *words = slab_words(slab);
    size_t size = class_size(slab->size_class);
    unsigned taken = (unsigned)size_min(want, slab->free_blocks), drawn = RANDOM_WORDS;
    uint32_t random[RANDOM_WORDS];
    for (unsigned i = 0; i < taken; i++, drawn += 2) {
        if (drawn >= RANDOM_WORDS) {
            random_fill(random);
            drawn = 0;
        }
        unsigned w = nth_bit(slab->summary, random_below(random[drawn], bit_count(slab->summary)));
        unsigned bit = nth_bit(words[w], random_below(random[drawn + 1], bit_count(words[w])));
        slot[-(ptrdiff_t)i] = slab_address(slab) + ((size_t)w * 64 + bit) * size;
        words[w] &= ~(UINT64_C(1) << bit);
        if (!words[w])
            slab->summary &= ~(UINT64_C(1) << w);
    }
    note_taken(slab, slot, taken);
    return taken;
}

unsigned slab_take(struct slab *slab, void **slot, unsigned want)
{
    if (unlikely(OPTION_VALUE(secure)))
        return take_at_random(slab, slot, want);
    void **first_slot = slot;
    uint64_t *words = slab_words(slab);
    size_t size = class_size(slab->size_class);
    unsigned taken = (unsigned)size_min(want, slab->free_blocks);
    uint64_t summary = slab->summary;
    for (unsigned left = taken; left;) {
        unsigned w = bit_lowest(summary);
        uint64_t bits = words[w];
        char *first = slab_address(slab) + (size_t)w * 64 * size;
        do {
            *slot-- = first + bit_lowest(bits) * size;
            bits &= bits - 1;
        } while (--left && bits);
        words[w] = bits;
        if (!bits)
            summary &= summary - 1;
    }
    slab->summary = summary;
    note_taken(slab, first_slot, taken);
    return taken;
}

unsigned slab_take_group(struct slab *slab, void **slot, unsigned group)
{
    void **first_slot = slot;
    uint64_t *words = slab_words(slab);
    size_t size = class_size(slab->size_class);
    for (uint64_t summary = slab->summary; summary; summary &= summary - 1) {
        unsigned w = bit_lowest(summary);
        unsigned at = bits_find_row(words[w], group, group);
        if (at == 64)
            continue;
        for (unsigned i = 0; i < group; i++)
            *slot-- = slab_address(slab) + ((size_t)w * 64 + at + i) * size;
        words[w] &= ~(bits_below(group) << at);
        if (!words[w])
            slab->summary &= ~(UINT64_C(1) << w);
        note_taken(slab, first_slot, group);
        return group;
    }
    return 0;
}

uint64_t slab_put(struct slab *slab, unsigned word, uint64_t mask)
{
    uint64_t *words = slab_words(slab);
    uint64_t twice = words[word] & mask;
    words[word] |= mask;
    slab->summary |= UINT64_C(1) << word;
    slab->free_blocks = (uint16_t)(slab->free_blocks + bit_count(mask & ~twice));
    slab->quiet = 0;
    return twice;
}

/* ---- pages */

/* The blocks that overlap a page: [first, end); none where only the slab's unused tail is. */
static void page_blocks(const struct slab *slab, unsigned page, unsigned page_log2, unsigned *first,
                        unsigned *end)
{
    size_t offset = (size_t)page << page_log2;
    *first = class_block_index(slab->size_class, offset);
    *end = class_block_index(slab->size_class, offset + (UINT64_C(1) << page_log2) - 1) + 1;
    *end = (unsigned)size_min(*end, slab->blocks);
}

/* The bits of [first, end) that lie in word `word`, which some do. */
static uint64_t bits_in_word(unsigned word, unsigned first, unsigned end)
{
    unsigned base = word * 64;
    uint64_t below_end = bits_below(end - base);
    return first > base ? below_end & ~bits_below(first - base) : below_end;
}

static bool all_free(const uint64_t *words, unsigned first, unsigned end)
{
    for (unsigned w = first / 64; w * 64 < end; w++) {
        uint64_t bits = bits_in_word(w, first, end);
        if ((words[w] & bits) != bits)
            return false;
    }
    return first < end;
}

static unsigned pages_of(const struct slab *slab, unsigned page_log2)
{
    return (unsigned)(((size_t)size_classes[slab->size_class].slab_units << UNIT_LOG2) >> page_log2);
}

uint64_t slab_used_pages(const struct slab *slab, unsigned page_log2)
{
    size_t bytes = (size_t)slab->blocks * class_size(slab->size_class);
    return bits_below((unsigned)((bytes - 1) >> page_log2) + 1);
}

uint64_t slab_holes(struct slab *slab, unsigned page_log2)
{
    uint64_t holes = 0;
    const uint64_t *words = slab_words(slab);
    for (unsigned page = 0; page < pages_of(slab, page_log2); page++) {
        unsigned first, end;
        page_blocks(slab, page, page_log2, &first, &end);
        if (all_free(words, first, end))
            holes |= UINT64_C(1) << page;
    }
    return holes & ~slab->purged_pages;
}

void slab_blocks_of_pages(const struct slab *slab, uint64_t pages, unsigned page_log2, uint64_t *map)
{
    memset(map, 0, size_classes[slab->size_class].slab_words * sizeof *map);
    for (; pages; pages &= pages - 1) {
        unsigned first, end;
        page_blocks(slab, bit_lowest(pages), page_log2, &first, &end);
        for (unsigned w = first / 64; w * 64 < end; w++)
            map[w] |= bits_in_word(w, first, end);
    }
}

void slab_reserve_pages(struct slab *slab, uint64_t pages, unsigned page_log2)
{
    uint64_t map[64];
    uint64_t *words = slab_words(slab);
    slab_blocks_of_pages(slab, pages, page_log2, map);
    for (unsigned w = 0; w < size_classes[slab->size_class].slab_words; w++) {
        CHECK((words[w] & map[w]) == map[w]);
        words[w] &= ~map[w];
        slab->free_blocks = (uint16_t)(slab->free_blocks - bit_count(map[w]));
        if (!words[w])
            slab->summary &= ~(UINT64_C(1) << w);
    }
}

bool slab_block_is_free(struct slab *slab, unsigned index)
{
    return (slab_words(slab)[index / 64] >> (index % 64)) & 1;
}

void slab_validate(struct slab *slab)
{
    const struct size_class *class = &size_classes[slab->size_class];
    uint64_t *words = slab_words(slab);
    unsigned free_blocks = 0;
    CHECK(slab->blocks == class->slab_blocks);
    CHECK((slab->summary & ~bits_below(class->slab_words)) == 0);
    for (unsigned w = 0; w < class->slab_words; w++) {
        CHECK(((slab->summary >> w) & 1) == (words[w] != 0));
        CHECK((words[w] & remote_peek(slab, w)) == 0);
        free_blocks += bit_count(words[w]);
    }
    if (class->slab_blocks % 64)
        CHECK((words[class->slab_words - 1] & ~bits_below(class->slab_blocks % 64)) == 0);
    CHECK(slab->free_blocks == free_blocks);
    CHECK(slab->has_purged == (slab->purged_pages != 0));
    for (unsigned i = 0; i < class->slab_units; i++) {
        CHECK(region_tag(slab->unit + i) == (slab->owner << TAG_OWNER_LOG2 | slab->size_class));
        CHECK(slab_of_unit(slab->unit + i) == slab);
    }
}
