#include "region/region.h"

#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/check.h"
#include "base/version.h"
#include "os/lock.h"
#include "os/vm.h"
#include "region/classes.h"
#include "region/image.h"

#define GIB ((size_t)1 << 30)
#define TIB ((size_t)1 << 40)

enum {
    METADATA_STEP_BYTES = 64 * 1024,
    WINDOW_SHORT_UNITS = SUPERSLAB_UNITS / 2, /* of the first one, */
    WINDOW_FIRST_UNITS = SUPERSLAB_UNITS,     /* of those that follow */
    SMALL_HEAP_UNITS = 1024,                  /* 64 MiB */
    WINDOW_MAX_UNITS = 1024,                  /* 64 MiB */
    OBSTACLES_MAX = 40,
};

/* An array of records that is mapped as far as it is used, upwards or downwards from `end`. */
struct growing {
    uintptr_t end;
    size_t mapped_bytes;
    bool downwards;
};

struct region region;

static struct {
    struct lock lock; /* cells, growing arrays */
    size_t span_bytes;
    struct growing superslabs, tags, cells, slabs, remote; /* [lock: region] */
    size_t cells_used;                                     /* [lock: region] */
    size_t next_unit;                                      /* [lock: pool] */
    size_t window_end;                                     /* [lock: pool] of the last window, in units */
    size_t window_units;                                   /* [lock: pool] */
    size_t payload_units;                                  /* [lock: pool] */
    struct image_header *image;
    bool named; /* [lock: pool] */
    _Atomic bool claimed;
    _Atomic bool want_remote_maps;
} state;

static void region_lock(void)
{
    lock_acquire(&state.lock, LOCK_REGION);
}

static void region_unlock(void)
{
    lock_release(&state.lock, LOCK_REGION);
}

void region_fork_prepare(void)
{
    lock_fork_acquire(&state.lock);
}

void region_fork_parent(void)
{
    lock_fork_release(&state.lock);
}

void region_fork_child(void)
{
    lock_fork_reset(&state.lock);
}

/* ---- growing arrays */

static bool growing_map(struct growing *array, size_t bytes)
{
    uintptr_t at = array->downwards ? array->end - array->mapped_bytes - bytes
                                    : array->end + array->mapped_bytes;
    enum vm_result result = vm_map_at(at, bytes);
    if (result == VM_NO_MEMORY && array->mapped_bytes && !array->downwards)
        result = vm_extend(at, bytes);
    if (result != VM_DONE)
        return false;
    array->mapped_bytes += bytes;
    return true;
}

/* Makes the first `bytes` of the array usable; [lock: region]. */
static bool growing_ensure(struct growing *array, size_t bytes)
{
    if (bytes <= array->mapped_bytes)
        return true;
    size_t missing = align_up(bytes - array->mapped_bytes, vm_page_bytes());
    return growing_map(array, align_up(missing, METADATA_STEP_BYTES)) || growing_map(array, missing);
}

/* ---- choosing the range */

static void place(uintptr_t start, size_t span)
{
    uintptr_t page = start + span / 128;
    uintptr_t middle = start + span / 64 * 3;
    state.span_bytes = span;
    state.tags = (struct growing){.end = page};
    state.superslabs = (struct growing){.end = page, .downwards = true};
    state.slabs = (struct growing){.end = middle};
    state.cells = (struct growing){.end = middle, .downwards = true};
    state.remote = (struct growing){.end = start + span / 16};
    region.base = start + span / 8;
    region.tag = (_Atomic uint32_t *)(page + IMAGE_OFFSET_BYTES + IMAGE_HEADER_BYTES);
    region.superslab_end = page + IMAGE_OFFSET_BYTES;
    region.slab_meta = region.cells_end = middle;
    region.remote_maps = start + span / 16;
}

/* Maps what the first heap needs: header and tags in one mapping, cells and slab records in another. */
static bool map_first(size_t tag_bytes, size_t cell_bytes, size_t slab_bytes)
{
    if (!growing_map(&state.tags, tag_bytes))
        return false;
    if (vm_map_at(state.cells.end - cell_bytes, cell_bytes + slab_bytes) == VM_DONE) {
        state.cells.mapped_bytes = cell_bytes;
        state.slabs.mapped_bytes = slab_bytes;
        return true;
    }
    vm_unmap(state.tags.end, tag_bytes);
    state.tags.mapped_bytes = 0;
    return false;
}

static bool try_place(uintptr_t start, size_t span)
{
    size_t page = vm_page_bytes();
    size_t cells = align_up(2 * CELL_BYTES, page);
    place(start, span);
    return map_first(METADATA_STEP_BYTES, align_up(4 * cells, page), align_up(3 * SLAB_META_BYTES, page)) ||
           map_first(page, cells, align_up(SLAB_META_BYTES, page));
}

/* An address near those that the kernel chooses for mappings: our own code's, or, in a program that is
 * linked statically and low, the vdso's or the stack's. */
static uintptr_t kernel_choice(void)
{
    uintptr_t own = (uintptr_t)&region;
    if (own >= 2 * TIB)
        return own;
    uintptr_t vdso = getauxval(AT_SYSINFO_EHDR);
    return size_max(own, vdso ? vdso : (uintptr_t)__builtin_frame_address(0));
}

/* From the kernel's 16 random bytes; mixed, since libc makes its stack canary of the first of them. */
static uint64_t random_bits(void)
{
    uint64_t bits[2] = {0, 0};
    const void *given = (const void *)getauxval(AT_RANDOM);
    if (given)
        memcpy(bits, given, sizeof bits);
    return ((bits[0] ^ bits[1]) * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
}

/* A span's length below the kernel's own choice, if that is above 0 by enough. */
static bool place_below(uintptr_t anchor, size_t span, uint64_t random)
{
    size_t shift = (random % 1024) * (span / 16384 & ~((size_t)SUPERSLAB_BYTES - 1));
    size_t below = span + span / 8 + shift;
    if (anchor < below + 16 * GIB)
        return false;
    return try_place(align_down(anchor - below, 2 * 1024 * 1024), span);
}

static bool place_in_hole(size_t span)
{
    uintptr_t hole = vm_find_hole(span + span / 4);
    return hole && try_place(align_up(hole, span / 8 < GIB ? span / 8 : GIB), span);
}

static bool choose_place(void)
{
    uintptr_t anchor = kernel_choice();
    uint64_t random = random_bits();
    for (size_t span = TIB; span >= 16 * GIB; span /= 8)
        if (place_below(anchor, span, random) || place_below(anchor, span, ~random))
            return true;
    for (size_t span = TIB; span >= GIB / 4; span /= 4)
        if (place_in_hole(span))
            return true;
    return false;
}

static void write_image_header(void)
{
    state.image = (struct image_header *)region.superslab_end;
    *state.image = (struct image_header){
        .version = IMAGE_VERSION,
        .header_bytes = sizeof *state.image,
        .unit_log2 = UNIT_LOG2,
        .superslab_units = SUPERSLAB_UNITS,
        .size_classes = SIZE_CLASSES,
        .superslab_record_bytes = SUPERSLAB_RECORD_BYTES,
        .slab_record_bytes = SLAB_RECORD_BYTES,
        .slab_map_bytes = SLAB_MAP_BYTES,
        .cell_bytes = CELL_BYTES,
        .base = region.base,
        .tags = (uintptr_t)region.tag,
        .superslabs = region.superslab_end,
        .slabs = region.slab_meta,
        .remote_maps = region.remote_maps,
        .cells = region.cells_end,
        .size_class_table = (uintptr_t)size_classes,
        .library = HAKMEM_VERSION_STRING,
        .option_count = OPTION_COUNT,
        .options = (uintptr_t)&options,
        .vm_calls = (uintptr_t)&vm_calls,
    };
    memcpy(state.image->magic, IMAGE_MAGIC, sizeof state.image->magic);
}

struct image_header *region_image(void)
{
    return state.image;
}

COLD bool region_claim(void)
{
    if (atomic_load_explicit(&state.claimed, memory_order_acquire))
        return true;
    region_lock();
    bool claimed = atomic_load_explicit(&state.claimed, memory_order_relaxed);
    if (!claimed && choose_place()) {
        state.window_units = WINDOW_FIRST_UNITS;
        write_image_header();
        claimed = true;
        atomic_store_explicit(&state.claimed, true, memory_order_release);
    }
    region_unlock();
    return claimed;
}

/* ---- payload */

/* Makes the records of units below `end` usable. */
static bool ensure_records(size_t end)
{
    size_t superslabs = (end + SUPERSLAB_UNITS - 1) >> SUPERSLAB_UNITS_LOG2;
    size_t record_bytes = superslabs * SUPERSLAB_RECORD_BYTES;
    region_lock();
    bool done = growing_ensure(&state.tags,
                               IMAGE_OFFSET_BYTES + IMAGE_HEADER_BYTES + end * sizeof(uint32_t)) &&
                (record_bytes <= IMAGE_OFFSET_BYTES ||
                 growing_ensure(&state.superslabs, record_bytes - IMAGE_OFFSET_BYTES)) &&
                growing_ensure(&state.slabs, superslabs * SLAB_META_BYTES);
    region_unlock();
    return done;
}

static void ensure_remote_maps(size_t end)
{
    region_lock();
    if (end > atomic_load_explicit(&region.remote_units, memory_order_relaxed) &&
        growing_ensure(&state.remote, end * SLAB_MAP_BYTES)) {
        atomic_store_explicit(&region.remote_units, end, memory_order_release);
        state.image->remote_units = end;
    }
    region_unlock();
}

/* What the kernel is told of a new window. A heap that is still small gets a page at a time, also where the
 * administrator has huge pages used always: with one at each first touch it would be twice as large. The
 * first window of all is too short for a huge page; it is advised with the second, that both stay one
 * mapping. [lock: pool] */
static void advise_window(size_t first, size_t count)
{
    size_t from = first == WINDOW_SHORT_UNITS ? 0 : first;
    uintptr_t address = region_unit_address(from);
    size_t bytes = (first + count - from) * UNIT_BYTES;
    if (OPTION_VALUE(thp) == THP_ALWAYS)
        vm_allow_huge_pages(address, bytes);
    else if (OPTION_VALUE(thp) == THP_NEVER)
        vm_forbid_huge_pages(address, bytes);
    else if (first > 0 && first + count <= SMALL_HEAP_UNITS)
        vm_forbid_huge_pages(address, bytes);
}

static enum vm_result map_window(size_t first, size_t count)
{
    if (count > state.span_bytes >> UNIT_LOG2 || first + count > state.span_bytes >> UNIT_LOG2)
        return VM_NO_MEMORY;
    enum vm_result result = vm_map_at(region_unit_address(first), count * UNIT_BYTES);
    if (result == VM_NO_MEMORY && first > 0 && first == state.window_end)
        result = vm_extend(region_unit_address(first), count * UNIT_BYTES);
    if (result == VM_DONE && !ensure_records(first + count)) {
        vm_unmap(region_unit_address(first), count * UNIT_BYTES);
        return VM_NO_MEMORY;
    }
    if (result == VM_DONE)
        advise_window(first, count);
    return result;
}

/* Maps a window at `first`: as large as wanted, or halved until the kernel gives it. */
static enum vm_result map_some(size_t first, size_t min_units, size_t wanted, size_t *count)
{
    enum vm_result result;
    size_t units = size_max(wanted, min_units);
    while ((result = map_window(first, units)) != VM_DONE && units > min_units)
        units = size_max(min_units, units / 2);
    *count = units;
    return result;
}

/* Not for the first window: a program that allocates a little makes no call more than it must. */
static void name_mappings(size_t first)
{
    if (first == 0 || state.named)
        return;
    state.named = true;
    vm_name(state.tags.end, state.tags.mapped_bytes, IMAGE_MAPPING_NAME);
}

static void publish_units(size_t first, size_t count)
{
    name_mappings(first);
    state.next_unit = state.window_end = first + count;
    state.payload_units += count;
    if (state.window_units < WINDOW_MAX_UNITS && state.payload_units >= 2 * state.window_units)
        state.window_units *= 2;
    if (atomic_load_explicit(&state.want_remote_maps, memory_order_relaxed))
        ensure_remote_maps(state.next_unit);
    state.image->units = state.next_unit;
    atomic_store_explicit(&region.units, state.next_unit, memory_order_release);
    atomic_store_explicit(&region.granules, state.next_unit << UNIT_GRANULES_LOG2, memory_order_release);
}

bool region_grow(size_t min_units, size_t *first, size_t *count)
{
    size_t step = SUPERSLAB_UNITS, start = state.next_unit;
    for (int obstacles = 0; obstacles < OBSTACLES_MAX; obstacles++) {
        size_t at = state.next_unit;
        size_t wanted = align_up(at + state.window_units, SUPERSLAB_UNITS) - at;
        if (at == 0 && min_units <= WINDOW_SHORT_UNITS)
            wanted = WINDOW_SHORT_UNITS;
        enum vm_result result = map_some(at, min_units, wanted, count);
        if (result == VM_NO_MEMORY)
            break;
        if (result == VM_DONE) {
            *first = at;
            publish_units(at, *count);
            return true;
        }
        state.next_unit = align_up(at + step, SUPERSLAB_UNITS);
        step *= 2;
    }
    state.next_unit = start; /* a smaller request may do without what this one stepped over */
    return false;
}

size_t region_next_unit(void)
{
    return state.next_unit;
}

void region_want_remote_maps(void)
{
    if (atomic_load_explicit(&state.want_remote_maps, memory_order_relaxed))
        return;
    atomic_store_explicit(&state.want_remote_maps, true, memory_order_relaxed);
    ensure_remote_maps(region_units());
}

/* ---- cells */

size_t region_take_cells(size_t count)
{
    size_t first = SIZE_MAX;
    region_lock();
    if (growing_ensure(&state.cells, (state.cells_used + count) * CELL_BYTES)) {
        first = state.cells_used;
        state.cells_used += count;
        state.image->cells_used = state.cells_used;
    }
    region_unlock();
    return first;
}

size_t region_metadata_bytes(void)
{
    region_lock();
    size_t bytes = state.tags.mapped_bytes + state.superslabs.mapped_bytes + state.slabs.mapped_bytes +
                   state.cells.mapped_bytes + state.remote.mapped_bytes;
    region_unlock();
    return bytes;
}

size_t region_payload_bytes(void)
{
    return state.payload_units * UNIT_BYTES;
}
