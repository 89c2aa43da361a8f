#include "front/checked.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "front/large.h"
#include "front/nested.h"
#include "front/record.h"
#include "front/watch.h"
#include "heap/guard.h"
#include "heap/misuse.h"
#include "heap/quarantine.h"
#include "os/vm.h"

enum {
    RED_ZONE_BYTES = 32,       /* at least; all the rest of a block of a slab, */
    RED_ZONE_LARGE_BYTES = 64, /* and of a larger block without a wall this */
    OVERHEAD_BYTES = RED_ZONE_BYTES + RECORD_BYTES,
    WALL_PAGES = 2, /* that a large block has more: one inaccessible, one for the record */

    FRESH = 0xa5, /* what a new block is filled with, */
    RED = 0xfb,   /* the red zone, */
    FREED = 0xde, /* and a freed block */
};

/* ---- bytes */

/* What stays in a block is no help to who would read it, in secure mode. */
static int fresh_byte(void)
{
    return watch_secures() ? 0 : FRESH;
}

static int freed_byte(void)
{
    return watch_secures() ? 0 : FREED;
}

/* The first byte in [from, to) that is not `byte`; `to`: none. */
static const char *find_other(const char *from, const char *to, int byte)
{
    size_t bytes = (size_t)(to - from);
    if (bytes == 0 || ((unsigned char)*from == byte && memcmp(from, from + 1, bytes - 1) == 0))
        return to;
    while ((unsigned char)*from == byte)
        from++;
    return from;
}

/* ---- parts of a block */

static _Atomic uint64_t *record_of(const void *p, size_t usable)
{
    return (_Atomic uint64_t *)((uintptr_t)p + usable - RECORD_BYTES);
}

/* False: the word is no record of a block that can hold so much. */
static bool decode(const _Atomic uint64_t *at, uint64_t word, size_t usable, struct record *record)
{
    return record_decode(at, word, record) && record->made.size <= usable - OVERHEAD_BYTES;
}

static bool is_large(size_t usable)
{
    return usable > SLAB_MAX_BYTES;
}

/* What of a freed block stays in memory, filled: the whole, or a large one's last page, with the record, and,
 * where the others cannot be made inaccessible, its first. */
static char *kept_tail(char *p, size_t usable)
{
    return is_large(usable) ? (char *)align_down((uintptr_t)record_of(p, usable), vm_page_bytes()) : p;
}

static size_t kept_head_bytes(char *p, size_t usable, bool guarded)
{
    return guarded ? 0 : size_min(vm_page_bytes(), (size_t)(kept_tail(p, usable) - p));
}

static char *wall_of(char *p, size_t size)
{
    return (char *)align_up((uintptr_t)p + size, vm_page_bytes());
}

static char *red_zone_end(char *p, size_t size, size_t usable, bool walled)
{
    char *record = (char *)record_of(p, usable);
    if (walled)
        return wall_of(p, size);
    return is_large(usable) ? p + size_min(size + RED_ZONE_LARGE_BYTES, (size_t)(record - p)) : record;
}

/* How much of a new block is filled: the rest of a large one is only touched when the program does. */
static size_t fresh_bytes(size_t size, size_t usable)
{
    return is_large(usable) ? size_min(size, vm_page_bytes()) : size;
}

/* What is asked of the plain allocator. */
static size_t plain_size(size_t size, size_t align)
{
    if (class_of_aligned(size + OVERHEAD_BYTES, align) < SIZE_CLASSES)
        return size + OVERHEAD_BYTES;
    return align_up(size, vm_page_bytes()) + WALL_PAGES * vm_page_bytes();
}

/* ---- what is said */

static COLD void report_freed(const char *call, const void *p, size_t size)
{
    if (strcmp(call, "realloc") == 0 || strcmp(call, "malloc_usable_size") == 0)
        misuse_report("%s of %p (%zu bytes) which was freed", call, p, size);
    else
        misuse_report("double free of %p (%zu bytes)", p, size);
}

static bool is_free_in_map(const void *p)
{
    size_t unit = region_unit_of(p);
    if (region_tag(unit) < TAG_OWNED)
        return false;
    struct slab_place place = slab_place_of(p, unit);
    return place.exact && slab_block_is_free(place.slab, place.index);
}

/* Where the record should be is none. What is left of the red zone tells from which side it was overwritten.
 */
static COLD void report_no_record(const char *call, const char *p, size_t usable, uint64_t word)
{
    const char *record = (const char *)record_of(p, usable);
    size_t most = usable - OVERHEAD_BYTES;
    if (is_free_in_map(p))
        report_freed(call, p, most);
    else if (word == 0 && find_other(p, record, 0) == record)
        misuse_report("%s of %p which is not in use", call, p);
    else if (find_other(record - RED_ZONE_BYTES, record, RED) == record)
        misuse_report(
            "write before the start of %p, found by %s of the block in front of it, %p (at most %zu "
            "bytes)",
            p + usable, call, p, most);
    else
        misuse_report("write past the end of %p (at most %zu bytes): by more than %d bytes, found by %s", p,
                      most, RED_ZONE_BYTES, call);
}

static COLD void report_red_zone(const char *call, const char *p, size_t size, const char *from,
                                 const char *end)
{
    const char *last = end;
    while ((unsigned char)last[-1] == RED)
        last--;
    misuse_report("write past the end of %p (%zu bytes): %zu bytes at offset %zu, found by %s", p, size,
                  (size_t)(last - from), (size_t)(from - p), call);
}

static void report_written(const struct quarantined *entry, const char *at)
{
    misuse_report("%p (%zu bytes) was written to after it was freed, at offset %zu", entry->block,
                  entry->size, (size_t)(at - (const char *)entry->block));
}

/* ---- a block's life */

/* Usable bytes of the block that starts at p; 0 when none does. */
static size_t usable_of(const char *call, const void *p)
{
    size_t unit = region_unit_of(p);
    uint32_t tag = region_tag(unit);
    if (tag < TAG_OWNED) {
        size_t usable = large_usable_size(p, unit, tag);
        if (!usable && call)
            misuse_free(call, p, unit, tag);
        return usable;
    }
    if (slab_place_of(p, unit).exact)
        return class_size(tag & (TAG_OWNED - 1));
    if (call)
        misuse_inside_slab(call, p);
    return 0;
}

static COLD void *plain_after_reclaim(size_t size, size_t align, bool zeroed);

static bool build_wall(char *p, size_t size, size_t usable)
{
    char *wall = wall_of(p, size), *tail = kept_tail(p, usable);
    return is_large(usable) && wall < tail && vm_guard_bounded((uintptr_t)wall, (size_t)(tail - wall));
}

static void paint(char *p, size_t size, size_t usable, bool walled)
{
    char *record = (char *)record_of(p, usable);
    memset(p + size, RED, (size_t)(red_zone_end(p, size, usable, walled) - p) - size);
    if (is_large(usable)) /* what is written in front of the next block is told by it */
        memset(record - RED_ZONE_BYTES, RED, RED_ZONE_BYTES);
}

void *checked_malloc(size_t size, size_t align, unsigned how, bool zeroed)
{
    if (unlikely(size >> RECORD_SIZE_BITS))
        return NULL;
    size_t plain = plain_size(size, align);
    char *p = front_plain(plain, align, zeroed);
    if (unlikely(!p))
        p = plain_after_reclaim(plain, align, zeroed);
    if (unlikely(!p))
        return NULL;
    struct heap *before = tls_heap;
    thread_enter();
    size_t usable = usable_of(NULL, p);
    thread_leave(before);
    struct record record = {.made = {size, align, how}, .walled = build_wall(p, size, usable)};
    if (!zeroed)
        memset(p, fresh_byte(), fresh_bytes(size, usable));
    paint(p, size, usable, record.walled);
    _Atomic uint64_t *at = record_of(p, usable);
    atomic_store_explicit(at, record_encode(at, &record), memory_order_release);
    return p;
}

/* What the record of the block at p says, if that is live. */
static bool find_live(const char *call, const void *p, size_t usable, struct record *record, uint64_t *word)
{
    const _Atomic uint64_t *at = record_of(p, usable);
    *word = atomic_load_explicit(at, memory_order_relaxed);
    bool is_record = decode(at, *word, usable, record);
    if (likely(is_record && !record->freed))
        return true;
    if (call && is_record)
        report_freed(call, p, record->made.size);
    else if (call)
        report_no_record(call, p, usable, *word);
    return false;
}

/* Of two threads that free a block at once, one finds it freed. */
static bool mark_freed(const char *call, const void *p, size_t usable, struct record *record)
{
    _Atomic uint64_t *at = record_of(p, usable);
    struct record freed;
    uint64_t word;
    do {
        if (!find_live(call, p, usable, record, &word))
            return false;
        freed = *record;
        freed.freed = true;
    } while (!atomic_compare_exchange_strong(at, &word, record_encode(at, &freed)));
    return true;
}

/* Where a live block's red zone was written to; NULL: nowhere. */
static const char *find_damage(char *p, const struct record *record, size_t usable)
{
    const char *end = red_zone_end(p, record->made.size, usable, record->walled);
    const char *damage = find_other(p + record->made.size, end, RED);
    return damage == end ? NULL : damage;
}

static void check_red_zone(const char *call, char *p, const struct record *record, size_t usable)
{
    const char *damage = find_damage(p, record, usable);
    if (unlikely(damage))
        report_red_zone(call, p, record->made.size, damage,
                        red_zone_end(p, record->made.size, usable, record->walled));
}

/* Whether pages of a freed block are inaccessible now: all but the last, or, where the kernel refuses, those
 * of the wall still. A wall that is a mapping of its own comes down first, so that there is one guard to
 * count. */
static bool close_off(char *p, char *tail, const struct record *record)
{
    char *wall = wall_of(p, record->made.size);
    bool stands = record->walled;
    if (stands && vm_guards_split()) {
        if (!vm_unguard_bounded((uintptr_t)wall, (size_t)(tail - wall)))
            return true;
        stands = false;
    }
    return vm_guard_bounded((uintptr_t)p, (size_t)(tail - p)) || stands;
}

/* Fills the block, which then is to wait. */
static struct quarantined retire(char *p, const struct record *record, size_t usable)
{
    char *tail = kept_tail(p, usable);
    size_t between = (size_t)(tail - p);
    struct quarantined entry = {.block = p, .size = record->made.size, .usable = usable};
    entry.guarded = between && close_off(p, tail, record);
    if (between && !entry.guarded)
        vm_purge((uintptr_t)p, between);
    memset(p, freed_byte(), kept_head_bytes(p, usable, entry.guarded));
    memset(tail, freed_byte(), (size_t)((char *)record_of(p, usable) - tail));
    return entry;
}

/* Where the freed block was written to; NULL: nowhere. */
static const char *find_write(const struct quarantined *entry)
{
    char *p = entry->block, *tail = kept_tail(p, entry->usable);
    const char *head_end = p + kept_head_bytes(p, entry->usable, entry->guarded);
    const _Atomic uint64_t *at = record_of(p, entry->usable);
    const char *in_head = find_other(p, head_end, freed_byte()),
               *in_tail = find_other(tail, (const char *)at, freed_byte());
    struct record record;
    if (in_head != head_end)
        return in_head;
    bool is_record = decode(at, atomic_load_explicit(at, memory_order_relaxed), entry->usable, &record);
    return in_tail == (const char *)at && is_record && record.freed ? NULL : in_tail;
}

/* A block that was written to after it was freed may be again: it is never reused. */
static void release(const struct quarantined *entry)
{
    const char *written = find_write(entry);
    size_t between = (size_t)(kept_tail(entry->block, entry->usable) - (char *)entry->block);
    if (unlikely(written))
        report_written(entry, written);
    else if (!entry->guarded || vm_unguard_bounded((uintptr_t)entry->block, between))
        front_plain_free(entry->block);
}

static void release_some(bool all)
{
    struct heap *before = tls_heap;
    struct quarantined entry;
    for (;;) {
        thread_enter();
        bool taken = quarantine_take(&entry, all);
        thread_leave(before);
        if (!taken)
            return;
        release(&entry);
    }
}

static COLD void *plain_after_reclaim(size_t size, size_t align, bool zeroed)
{
    struct heap *before = tls_heap;
    release_some(true);
    thread_enter();
    registry_reclaim();
    thread_leave(before);
    return front_plain(size, align, zeroed);
}

void checked_free(void *p, const struct claim *claim)
{
    struct heap *before = tls_heap;
    struct record record;
    struct quarantined entry;
    const char *call = claim_call(claim->how);
    bool waits = true;
    thread_enter();
    size_t usable = usable_of(call, p);
    bool was_live = usable && mark_freed(call, p, usable, &record);
    if (was_live) {
        check_red_zone(call, p, &record, usable);
        claim_check(p, &record.made, claim);
        entry = retire(p, &record, usable);
        waits = quarantine_put(&entry);
    }
    thread_leave(before);
    if (!waits)
        release(&entry);
    if (was_live)
        release_some(false);
}

static bool live_size(const char *call, const void *p, size_t *size)
{
    struct heap *before = tls_heap;
    struct record record;
    uint64_t word;
    thread_enter();
    size_t usable = usable_of(call, p);
    bool live = usable && find_live(call, p, usable, &record, &word);
    thread_leave(before);
    *size = live ? record.made.size : 0;
    return live;
}

void *checked_realloc(void *p, size_t size)
{
    size_t old_size;
    if (!live_size("realloc", p, &old_size)) {
        errno = EINVAL;
        return NULL;
    }
    void *block = front_malloc(size);
    if (!block)
        return size <= old_size ? p : NULL; /* it need not shrink */
    memcpy(block, p, size_min(old_size, size));
    if (thread_is_inside())
        nested_free(p);
    else
        checked_free(p, &(struct claim){.how = HOW_MALLOC | HOW_REALLOC});
    return block;
}

size_t checked_usable_size(const char *call, const void *p)
{
    size_t size;
    live_size(call, p, &size);
    return size;
}

static void look_at(const struct quarantined *entry, void *argument)
{
    (void)argument;
    const char *written = find_write(entry);
    if (unlikely(written))
        report_written(entry, written);
}

void checked_look_at_quarantine(void)
{
    struct heap *before = tls_heap;
    if (!watch_checks() || thread_is_inside())
        return;
    thread_enter();
    quarantine_visit(look_at, NULL);
    thread_leave(before);
}

/* No other thread can make the pages behind a large block inaccessible. */
static bool is_alone(void)
{
    size_t parked, heaps = registry_heap_count(&parked);
    return heaps <= parked + 1 + (registry_commons() != NULL);
}

/* Its damage is none when it was freed meanwhile, and filled. */
void checked_look_at(const void *block)
{
    char *p = (char *)(uintptr_t)block;
    struct record record;
    uint64_t word, again;
    size_t usable = guard_owns(p) ? 0 : usable_of(NULL, p);
    if (!usable || (is_large(usable) && !is_alone()) || !find_live(NULL, p, usable, &record, &word))
        return;
    const char *damage = find_damage(p, &record, usable);
    if (damage && find_live(NULL, p, usable, &record, &again) && again == word)
        check_red_zone("exit", p, &record, usable);
}

/* ---- faults */

static COLD bool explain_wall(uintptr_t address, const char *access)
{
    size_t unit = region_unit_of((void *)address), usable;
    uint32_t tag = region_tag(unit);
    uintptr_t block = tag < TAG_OWNED ? misuse_large_around(unit, tag, &usable) : 0;
    struct record record;
    uint64_t word;
    if (!block || !find_live(NULL, (void *)block, usable, &record, &word) || !record.walled ||
        address < (uintptr_t)wall_of((char *)block, record.made.size)) /* the program's own pages */
        return false;
    size_t by = address - (block + record.made.size) + 1;
    log_line("overflow by %zu %s: %s %p, beyond the end of the block at %p (%zu bytes)", by,
             by == 1 ? "byte" : "bytes", access, (void *)address, (void *)block, record.made.size);
    return true;
}

bool checked_explain(uintptr_t address, const char *access)
{
    struct quarantined entry;
    if (!quarantine_find(address, &entry))
        return explain_wall(address, access);
    log_line("use after free: %s %p, offset %zu in the freed block at %p (%zu bytes)", access,
             (void *)address, (size_t)(address - (uintptr_t)entry.block), entry.block, entry.size);
    return entry.guarded;
}
