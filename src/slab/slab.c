#include "slab/slab.h"

#include <string.h>

#include "base/check.h"
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

unsigned slab_take(struct slab *slab, void **slot, unsigned want)
{
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
    slab->free_blocks = (uint16_t)(slab->free_blocks - taken);
    return taken;
}

unsigned slab_take_group(struct slab *slab, void **slot, unsigned group)
{
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
        slab->free_blocks = (uint16_t)(slab->free_blocks - group);
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
    return twice;
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
    for (unsigned i = 0; i < class->slab_units; i++) {
        CHECK(region_tag(slab->unit + i) == (slab->owner << TAG_OWNER_LOG2 | slab->size_class));
        CHECK(slab_of_unit(slab->unit + i) == slab);
    }
}
