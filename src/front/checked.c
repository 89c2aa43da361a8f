#include "front/checked.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "front/large.h"
#include "front/nested.h"
#include "front/watch.h"
#include "heap/misuse.h"
#include "heap/quarantine.h"
#include "os/random.h"
#include "os/vm.h"

enum {
    RED_ZONE_BYTES = 16,         /* at least; all the rest of a block of a slab, */
    RED_ZONE_LARGE_BYTES = 64,   /* and of a larger block at least this, and what is left of the page */
    RED_ZONE_PAGE_BYTES = 4096,
    RECORD_BYTES = 8,
    OVERHEAD_BYTES = RED_ZONE_BYTES + RECORD_BYTES,

    FRESH = 0xa5, /* what a new block is filled with, */
    RED = 0xfb,   /* the red zone, */
    FREED = 0xde, /* and a freed block */
};

/* ---- records */

enum {
    RECORD_SIZE_BITS = 48,
    RECORD_KIND_AT = 48,
    RECORD_ALIGN_AT = 50,
    RECORD_FREED_AT = 56,
    RECORD_MARK_AT = 57,
    RECORD_MARK = 0x5b,
};

struct record {
    size_t size;
    unsigned kind;  /* HOW_MALLOC, HOW_NEW, HOW_ARRAY */
    unsigned align; /* 0, or the logarithm of the alignment asked for + 1 */
    bool freed;
};

static uint64_t secret(void)
{
    static _Atomic uint64_t number;
    uint64_t known = atomic_load_explicit(&number, memory_order_relaxed), none = 0;
    if (likely(known))
        return known;
    uint32_t words[RANDOM_WORDS];
    random_fill(words);
    known = ((uint64_t)words[0] << 32 | words[1]) | 1;
    return atomic_compare_exchange_strong(&number, &none, known) ? known : none;
}

#define SCATTER UINT64_C(0x9e3779b97f4a7c15)
#define GATHER UINT64_C(0xf1de83e19937733d) /* its inverse modulo 2^64 */

/* One to one, and each bit of the result depends on all of x: a word with a byte changed is no record but with
 * the odds of any other 64 bits. */
static uint64_t scatter(uint64_t x)
{
    x ^= x >> 32;
    x *= SCATTER;
    x ^= x >> 32;
    x *= SCATTER;
    return x ^ x >> 32;
}

static uint64_t gather(uint64_t x)
{
    x ^= x >> 32;
    x *= GATHER;
    x ^= x >> 32;
    x *= GATHER;
    return x ^ x >> 32;
}

static _Atomic uint64_t *record_of(const void *p, size_t usable)
{
    return (_Atomic uint64_t *)((uintptr_t)p + usable - RECORD_BYTES);
}

static uint64_t encode(const _Atomic uint64_t *at, const struct record *record)
{
    uint64_t word = record->size | (uint64_t)record->kind << RECORD_KIND_AT |
                    (uint64_t)record->align << RECORD_ALIGN_AT | (uint64_t)record->freed << RECORD_FREED_AT |
                    (uint64_t)RECORD_MARK << RECORD_MARK_AT;
    return scatter(word ^ secret() ^ (uintptr_t)at * SCATTER);
}

/* False: the word is no record of a block that can hold so much. */
static bool decode(const _Atomic uint64_t *at, uint64_t word, size_t usable, struct record *record)
{
    word = gather(word) ^ secret() ^ (uintptr_t)at * SCATTER;
    record->size = word & bits_below(RECORD_SIZE_BITS);
    record->kind = (word >> RECORD_KIND_AT) & HOW_KIND;
    record->align = (word >> RECORD_ALIGN_AT) & 63;
    record->freed = (word >> RECORD_FREED_AT) & 1;
    return word >> RECORD_MARK_AT == RECORD_MARK && record->kind != HOW_KIND &&
           record->size + OVERHEAD_BYTES <= usable;
}

/* ---- bytes */

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

static bool is_large(size_t usable)
{
    return usable > SLAB_MAX_BYTES;
}

static char *red_zone_end(char *p, size_t size, size_t usable)
{
    char *record = (char *)record_of(p, usable);
    if (!is_large(usable))
        return record;
    size_t end = size_max(size + RED_ZONE_LARGE_BYTES, align_up(size, RED_ZONE_PAGE_BYTES));
    return p + size_min(end, (size_t)(record - p));
}

/* How much of a new block is filled: the rest of a large one is only touched when the program does. */
static size_t fresh_bytes(size_t size, size_t usable)
{
    return is_large(usable) ? size_min(size, vm_page_bytes()) : size;
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

/* ---- what is said */

static const char *maker(const struct record *record)
{
    static const char *const plain[] = {"malloc", "operator new", "operator new[]"};
    static const char *const aligned[] = {"aligned_alloc", "aligned operator new", "aligned operator new[]"};
    return record->align ? aligned[record->kind] : plain[record->kind];
}

static const char *call_of(const struct claim *claim)
{
    static const char *const frees[] = {"free", "operator delete", "operator delete[]"};
    static const char *const aligned[] = {"free_aligned_sized", "aligned operator delete",
                                          "aligned operator delete[]"};
    if (claim->how & HOW_REALLOC)
        return "realloc";
    if (claim->how & HOW_ALIGNED)
        return aligned[claim->how & HOW_KIND];
    return claim->how == (HOW_MALLOC | HOW_SIZED) ? "free_sized" : frees[claim->how & HOW_KIND];
}

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

/* Where the record should be is none. What is left of the red zone tells from which side it was overwritten. */
static COLD void report_no_record(const char *call, const char *p, size_t usable, uint64_t word)
{
    const char *record = (const char *)record_of(p, usable);
    size_t most = usable - OVERHEAD_BYTES;
    if (is_free_in_map(p))
        report_freed(call, p, most);
    else if (word == 0 && find_other(p, record, 0) == record)
        misuse_report("%s of %p which is not in use", call, p);
    else if (find_other(record - RED_ZONE_BYTES, record, RED) == record)
        misuse_report("write before the start of %p, found by %s of the block in front of it, %p (at most %zu "
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
    misuse_report("%p (%zu bytes) was written to after it was freed, at offset %zu", entry->block, entry->size,
                  (size_t)(at - (const char *)entry->block));
}

static COLD void report_alignment(const void *p, const struct record *record, const struct claim *claim)
{
    char said[48] = "without an alignment", made[32] = "none";
    if (claim->how & HOW_ALIGNED)
        log_format(said, sizeof said, "with an alignment of %zu", claim->align);
    if (record->align)
        log_format(made, sizeof made, "%zu", (size_t)1 << (record->align - 1));
    misuse_report("%s of %p %s, which %s made with %s", call_of(claim), p, said, maker(record), made);
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

void *checked_malloc(size_t size, size_t align, unsigned how, bool zeroed)
{
    if (unlikely(size > PAYLOAD_MAX - OVERHEAD_BYTES || size >> RECORD_SIZE_BITS))
        return NULL;
    char *p = front_plain(size + OVERHEAD_BYTES, align, zeroed);
    if (unlikely(!p))
        p = plain_after_reclaim(size + OVERHEAD_BYTES, align, zeroed);
    if (unlikely(!p))
        return NULL;
    struct heap *before = tls_heap;
    thread_enter();
    size_t usable = usable_of(NULL, p);
    thread_leave(before);
    struct record record = {.size = size,
                            .kind = how & HOW_KIND,
                            .align = how & HOW_ALIGNED ? bit_highest(align) + 1 : 0};
    if (!zeroed)
        memset(p, FRESH, fresh_bytes(size, usable));
    memset(p + size, RED, (size_t)(red_zone_end(p, size, usable) - p) - size);
    _Atomic uint64_t *at = record_of(p, usable);
    atomic_store_explicit(at, encode(at, &record), memory_order_relaxed);
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
        report_freed(call, p, record->size);
    else if (call)
        report_no_record(call, p, usable, *word);
    return false;
}

/* Of two threads that free a block at once, one finds it freed. */
static bool mark_freed(const char *call, const void *p, size_t usable, struct record *record)
{
    _Atomic uint64_t *at = record_of(p, usable);
    uint64_t word;
    do
        if (!find_live(call, p, usable, record, &word))
            return false;
    while (!atomic_compare_exchange_strong(
        at, &word,
        encode(at, &(struct record){record->size, record->kind, record->align, .freed = true})));
    return true;
}

static void check_red_zone(const char *call, char *p, size_t size, size_t usable)
{
    const char *end = red_zone_end(p, size, usable);
    const char *damage = find_other(p + size, end, RED);
    if (unlikely(damage != end))
        report_red_zone(call, p, size, damage, end);
}

/* Blocks of malloc and its kin may be freed without a word, those of new must be freed as they were made. */
static bool is_alignment_wrong(const struct record *record, const struct claim *claim)
{
    bool claimed = claim->how & HOW_ALIGNED;
    bool must_claim = record->kind != HOW_MALLOC || (claim->how & HOW_SIZED);
    if (claimed && record->align)
        return claim->align != (size_t)1 << (record->align - 1);
    return claimed || (must_claim && record->align);
}

static void check_claim(const void *p, const struct record *record, const struct claim *claim)
{
    const char *call = call_of(claim);
    if (claim->how & HOW_UNKNOWN)
        return;
    if (record->kind != (claim->how & HOW_KIND))
        misuse_report("%s of %p (%zu bytes) which %s made", call, p, record->size, maker(record));
    else if ((claim->how & HOW_SIZED) && claim->size != record->size)
        misuse_report("%s of %p with a size of %zu bytes, which %s made with %zu", call, p, claim->size,
                      maker(record), record->size);
    else if (is_alignment_wrong(record, claim))
        report_alignment(p, record, claim);
}

/* Fills the block, which then is to wait. */
static struct quarantined retire(char *p, size_t size, size_t usable)
{
    char *tail = kept_tail(p, usable);
    size_t between = (size_t)(tail - p);
    struct quarantined entry = {.block = p, .size = size, .usable = usable};
    entry.guarded = between && vm_guard_bounded((uintptr_t)p, between);
    if (between && !entry.guarded)
        vm_purge((uintptr_t)p, between);
    memset(p, FREED, kept_head_bytes(p, usable, entry.guarded));
    memset(tail, FREED, (size_t)((char *)record_of(p, usable) - tail));
    return entry;
}

/* Where the freed block was written to; NULL: nowhere. */
static const char *find_write(const struct quarantined *entry)
{
    char *p = entry->block, *tail = kept_tail(p, entry->usable);
    const char *head_end = p + kept_head_bytes(p, entry->usable, entry->guarded);
    const _Atomic uint64_t *at = record_of(p, entry->usable);
    const char *in_head = find_other(p, head_end, FREED), *in_tail = find_other(tail, (const char *)at, FREED);
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
    const char *call = call_of(claim);
    bool waits = true;
    thread_enter();
    size_t usable = usable_of(call, p);
    bool was_live = usable && mark_freed(call, p, usable, &record);
    if (was_live) {
        check_red_zone(call, p, record.size, usable);
        check_claim(p, &record, claim);
        entry = retire(p, record.size, usable);
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
    *size = live ? record.size : 0;
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

static void look_at(const struct quarantined *entry)
{
    const char *written = find_write(entry);
    if (unlikely(written))
        report_written(entry, written);
}

void checked_end(void)
{
    struct heap *before = tls_heap;
    if (!watch_checks() || thread_is_inside())
        return;
    thread_enter();
    quarantine_visit(look_at);
    thread_leave(before);
}
