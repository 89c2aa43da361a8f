/* slab/slab.c: a slab of each class against a model that is an array of bools. */
#include "unit/unit.h"

#include "base/bits.h"
#include "pool/pool.h"
#include "slab/slab.h"

enum { BLOCKS_MAX = 4096, STEPS = 300, OWNER = 1 };

struct model {
    struct slab *slab;
    bool free[BLOCKS_MAX];
    unsigned blocks, free_blocks;
    void *stack[BLOCKS_MAX];
};

static void tag_units(const struct slab *slab, uint32_t tag)
{
    for (unsigned i = 0; i < size_classes[slab->size_class].slab_units; i++)
        region_tag_set(slab->unit + i, tag);
}

static void model_create(struct model *model, unsigned size_class)
{
    bool clean;
    size_t unit = pool_take_units(SUPERSLAB_SLABS, size_classes[size_class].slab_units, 1, &clean);
    EXPECT(unit != POOL_NO_UNIT);
    model->slab = slab_create(unit, size_class, OWNER);
    tag_units(model->slab, OWNER << TAG_OWNER_LOG2 | size_class);
    model->blocks = model->free_blocks = model->slab->blocks;
    for (unsigned i = 0; i < model->blocks; i++)
        model->free[i] = true;
}

static void model_destroy(struct model *model)
{
    size_t unit = model->slab->unit, units = size_classes[model->slab->size_class].slab_units;
    tag_units(model->slab, TAG_NONE);
    pool_give_units(unit, units);
}

static void *block_at(const struct model *model, unsigned index)
{
    return slab_address(model->slab) + index * class_size(model->slab->size_class);
}

static void model_verify(const struct model *model)
{
    slab_validate(model->slab);
    EXPECT(model->slab->free_blocks == model->free_blocks);
    EXPECT(slab_is_empty(model->slab) == (model->free_blocks == model->blocks));
    for (unsigned i = 0; i < model->blocks; i++)
        EXPECT(slab_block_is_free(model->slab, i) == model->free[i]);
}

static void take(struct model *model, unsigned want)
{
    void **slot = model->stack + BLOCKS_MAX - 1;
    unsigned got = slab_take(model->slab, slot, want);
    EXPECT(got == size_min(want, model->free_blocks));
    unsigned index = 0;
    for (unsigned i = 0; i < got; i++, index++) {
        while (!model->free[index])
            index++;
        EXPECT(slot[-(int)i] == block_at(model, index));
        model->free[index] = false;
    }
    model->free_blocks -= got;
}

/* The lowest wholly free group, or model->blocks. */
static unsigned find_group(const struct model *model, unsigned group)
{
    for (unsigned at = 0; at + group <= model->blocks; at += group) {
        unsigned have = 0;
        while (have < group && model->free[at + have])
            have++;
        if (have == group)
            return at;
    }
    return model->blocks;
}

static void take_group(struct model *model, unsigned group)
{
    void **slot = model->stack + BLOCKS_MAX - 1;
    unsigned at = find_group(model, group);
    unsigned got = slab_take_group(model->slab, slot, group);
    EXPECT(got == (at == model->blocks ? 0 : group));
    for (unsigned i = 0; i < got; i++) {
        EXPECT(slot[-(int)i] == block_at(model, at + i));
        model->free[at + i] = false;
    }
    model->free_blocks -= got;
}

/* Puts blocks of a word, some of them perhaps free already. */
static void put(struct model *model, unsigned word, uint64_t mask, bool may_be_free)
{
    uint64_t expected_twice = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        unsigned index = word * 64 + bit;
        bool named = (mask >> bit) & 1;
        if (named && (index >= model->blocks || (model->free[index] && !may_be_free)))
            mask &= ~(UINT64_C(1) << bit);
        else if (named && model->free[index])
            expected_twice |= UINT64_C(1) << bit;
    }
    if (!mask)
        return;
    EXPECT(slab_put(model->slab, word, mask) == expected_twice);
    for (uint64_t left = mask & ~expected_twice; left; left &= left - 1) {
        model->free[word * 64 + bit_lowest(left)] = true;
        model->free_blocks++;
    }
}

static void step(struct model *model, uint64_t *random)
{
    unsigned words = (model->blocks + 63) / 64;
    size_t kind = random_below(random, 8);
    if (kind == 0)
        take(model, (unsigned)random_below(random, BLOCKS_MAX));
    else if (kind < 3)
        take(model, (unsigned)random_below(random, 100));
    else if (kind == 3)
        take_group(model, 1u << random_below(random, 7));
    else
        for (size_t n = random_below(random, words) + 1; n--;)
            put(model, (unsigned)random_below(random, words), random_next(random) | random_next(random),
                random_below(random, 4) == 0);
}

ISOLATED(histories_agree_with_the_model)
{
    static struct model model;
    uint64_t random = unit_random(1);
    EXPECT(region_claim());
    region_want_remote_maps();
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        model_create(&model, c);
        model_verify(&model);
        for (int i = 0; i < STEPS; i++) {
            step(&model, &random);
            model_verify(&model);
        }
        model_destroy(&model);
        pool_validate();
    }
}

ISOLATED(places_are_exact_at_the_start_of_blocks_only)
{
    static struct model model;
    EXPECT(region_claim());
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        size_t size = class_size(c), bytes = (size_t)size_classes[c].slab_units * UNIT_BYTES;
        model_create(&model, c);
        for (size_t offset = 0; offset < bytes; offset++) {
            const char *p = slab_address(model.slab) + offset;
            struct slab_place place = slab_place_of(p, region_unit_of(p));
            EXPECT(place.slab == model.slab);
            EXPECT(place.index == offset / size);
            EXPECT(place.exact == (offset % size == 0 && offset / size < model.blocks));
        }
        model_destroy(&model);
    }
}

ISOLATED(cursors_find_the_start_of_blocks_only)
{
    static struct model model;
    EXPECT(region_claim());
    for (unsigned c = 0; c < SIZE_CLASSES; c++) {
        struct slab_cursor cursor = {0};
        size_t size = class_size(c), bytes = (size_t)size_classes[c].slab_units * UNIT_BYTES;
        model_create(&model, c);
        EXPECT(!slab_cursor_holds(&cursor, slab_address(model.slab)));
        slab_cursor_enter(&cursor, slab_address(model.slab));
        for (size_t offset = 0; offset < bytes; offset++) {
            unsigned index;
            const char *p = slab_address(model.slab) + offset;
            bool in_block = offset / size < model.blocks;
            EXPECT(slab_cursor_holds(&cursor, p) == in_block);
            EXPECT(slab_cursor_find(&cursor, p, &index) == (in_block && offset % size == 0));
            EXPECT(!in_block || index == offset / size);
        }
        model_destroy(&model);
    }
}

ISOLATED(cursors_gather_blocks_of_one_word_once)
{
    struct slab_cursor cursor = {0};
    EXPECT(slab_cursor_gather(&cursor, 64));
    EXPECT(slab_cursor_gather(&cursor, 127));
    EXPECT(!slab_cursor_gather(&cursor, 64));
    EXPECT(!slab_cursor_gather(&cursor, 128));
    EXPECT(cursor.word == 1 && cursor.mask == (1 | UINT64_C(1) << 63));
    cursor.mask = 0;
    EXPECT(slab_cursor_gather(&cursor, 128));
    EXPECT(cursor.word == 2 && cursor.mask == 1);
}

ISOLATED(links_name_slabs)
{
    static struct model model;
    EXPECT(region_claim());
    model_create(&model, 0);
    EXPECT(slab_from_link(0) == NULL && slab_to_link(NULL) == 0);
    EXPECT(slab_from_link(slab_to_link(model.slab)) == model.slab);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(histories_agree_with_the_model),
    cmocka_unit_test(places_are_exact_at_the_start_of_blocks_only),
    cmocka_unit_test(cursors_find_the_start_of_blocks_only),
    cmocka_unit_test(cursors_gather_blocks_of_one_word_once),
    cmocka_unit_test(links_name_slabs),
};

UNIT_MAIN(tests)
