#include "heap/guard_empty.h"

#include "base/bits.h"
#include "heap/guard.h"
#include "heap/guard_slots.h"
#include "heap/misuse.h"
#include "os/vm.h"
#include "pool/pool.h"
#include "region/image.h"

enum {
    UNITS_MAX = HAKMEM_TORTURE ? 2 : 64,
    SPLITTING_UNITS_MAX = 2, /* where each costs two mappings */
    HOW_USED = 128,          /* a block was there, made as the rest of the number says */
    HOW_LIVE = 64,           /* it still is */
};

static struct guard_places units[UNITS_MAX];

static unsigned made;    /* [lock: guard] units with memory: the first ones */
static bool cannot_make; /* [lock: guard] */

static struct guard_places *places_of(uintptr_t address)
{
    for (unsigned i = 0; i < UNITS_MAX; i++) {
        uintptr_t memory = atomic_load_explicit(&units[i].memory, memory_order_acquire);
        if (!memory)
            return NULL;
        if (address - memory < UNIT_BYTES)
            return &units[i];
    }
    return NULL;
}

static _Atomic unsigned char *how_of(const void *p)
{
    struct guard_places *places = places_of((uintptr_t)p);
    return places ? &places->how[((uintptr_t)p - places->memory) / BLOCK_ALIGN] : NULL;
}

/* ---- memory; [lock: guard] */

static void give_unit(size_t unit)
{
    cannot_make = true;
    if (!vm_unguard(region_unit_address(unit), UNIT_BYTES))
        return;
    region_tag_set(unit, TAG_NONE);
    pool_give_units(unit, 1);
}

static void describe(void)
{
    struct image_header *image = region_image();
    image->guard_places_bytes = sizeof units[0];
    image->guard_places = UNITS_MAX;
    image->guard_first_places = (uintptr_t)units;
}

static struct guard_places *make_places(void)
{
    bool clean;
    if (cannot_make || made == (vm_guards_split() ? SPLITTING_UNITS_MAX : UNITS_MAX))
        return NULL;
    size_t unit = pool_take_units(SUPERSLAB_SLABS, 1, 1, &clean);
    if (unit == POOL_NO_UNIT)
        return NULL;
    region_tag_set(unit, TAG_GUARDED);
    if (!vm_guard(region_unit_address(unit), UNIT_BYTES)) {
        give_unit(unit);
        return NULL;
    }
    guard_catch_faults();
    vm_guard_apart(region_unit_address(unit), UNIT_BYTES);
    describe();
    struct guard_places *places = &units[made++];
    atomic_store_explicit(&places->memory, region_unit_address(unit), memory_order_release);
    return places;
}

static struct guard_places *choose_places(void)
{
    for (unsigned i = 0; i < made; i++)
        if (units[i].live < GUARD_PLACES)
            return &units[i];
    return make_places();
}

/* ---- blocks */

static void *take_place(struct guard_places *places, unsigned how)
{
    while (places->how[places->cursor % GUARD_PLACES] & HOW_LIVE)
        places->cursor++;
    unsigned place = places->cursor++ % GUARD_PLACES;
    places->how[place] = (unsigned char)(HOW_USED | HOW_LIVE | (how & HOW_KIND));
    places->live++;
    return (void *)(places->memory + place * BLOCK_ALIGN);
}

void *guard_empty_malloc(unsigned how)
{
    guard_lock();
    struct guard_places *places = choose_places();
    void *block = places ? take_place(places, how) : NULL;
    guard_unlock();
    return block;
}

bool guard_empty_owns(const void *p)
{
    return places_of((uintptr_t)p) != NULL;
}

bool guard_empty_is_live(const void *p)
{
    const _Atomic unsigned char *how = how_of(p);
    return how && (*how & HOW_LIVE) && (uintptr_t)p % BLOCK_ALIGN == 0;
}

void guard_empty_report(const char *call, const void *p)
{
    if (!(*how_of(p) & HOW_USED))
        misuse_report("%s of %p which is not in use", call, p);
    else if (call == claim_call(HOW_MALLOC))
        misuse_report("double free of %p (0 bytes)", p);
    else
        misuse_report("%s of %p (0 bytes) which was freed", call, p);
}

void guard_empty_free(void *p, const struct claim *claim)
{
    _Atomic unsigned char *how = how_of(p);
    guard_lock();
    unsigned was = *how;
    if (was & HOW_LIVE) {
        *how = (unsigned char)(was - HOW_LIVE);
        places_of((uintptr_t)p)->live--;
    }
    guard_unlock();
    if (!(was & HOW_LIVE))
        guard_empty_report(claim_call(HOW_MALLOC), p);
    else if (OPTION_VALUE(check))
        claim_check(p, &(struct claim){.how = was & HOW_KIND}, claim);
}

uintptr_t guard_empty_next(size_t unit, uintptr_t after)
{
    uintptr_t start = region_unit_address(unit);
    for (uintptr_t at = after ? after + BLOCK_ALIGN : start; at < start + UNIT_BYTES; at += BLOCK_ALIGN)
        if (guard_empty_is_live((void *)at))
            return at;
    return 0;
}
