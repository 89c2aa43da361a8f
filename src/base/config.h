/* config.h - the constants of the design, and the options' values.
 *
 * Owns nothing that changes but `options`, which the api floor fills at start. A torture build
 * (HAKMEM_TORTURE) makes everything tiny, so that every edge is met all the time. */
#ifndef HAKMEM_BASE_CONFIG_H
#define HAKMEM_BASE_CONFIG_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef HAKMEM_DEBUG
#define HAKMEM_DEBUG 0
#endif
#ifndef HAKMEM_TORTURE
#define HAKMEM_TORTURE 0
#endif
#ifndef HAKMEM_TESTING
#define HAKMEM_TESTING 0
#endif

enum {
    UNIT_LOG2 = 16,
    UNIT_BYTES = 1 << UNIT_LOG2,
    SUPERSLAB_UNITS_LOG2 = HAKMEM_TORTURE ? 2 : 5,
    SUPERSLAB_UNITS = 1 << SUPERSLAB_UNITS_LOG2,
    SUPERSLAB_LOG2 = UNIT_LOG2 + SUPERSLAB_UNITS_LOG2,
    SUPERSLAB_BYTES = 1 << SUPERSLAB_LOG2,

    SIZE_CLASSES = 93,
    SMALL_MAX_BYTES = 1024,     /* sizes that the table in the heap knows */
    SLAB_MAX_BYTES = 32 * 1024, /* the largest size class */
    WIDE_UNITS = 4,             /* units of a slab of the classes above 8 KiB */
    RUN_MAX_UNITS = HAKMEM_TORTURE ? 2 : 16,
    RUN_MAX_BYTES = RUN_MAX_UNITS * UNIT_BYTES,
    RUN_CACHE_UNITS = HAKMEM_TORTURE ? 1 : 4, /* the longest run that a heap keeps one of */

    UNITS_IN_MIB = (1 << 20) / UNIT_BYTES,
    HUGE_PAGE_BYTES = 2 * 1024 * 1024, /* of x86-64, and of aarch64 with 4 KiB pages */
    BLOCK_ALIGN = 16,
    CACHE_LINE = 64,
};

/* FastCaches and magazines: what a cache of one class may hold. */
enum {
    FASTCACHE_START_BLOCKS = HAKMEM_TORTURE ? 2 : 32,
    FASTCACHE_YOUNG_BLOCKS = HAKMEM_TORTURE ? 2 : 8,
    FASTCACHE_MIN_BLOCKS = HAKMEM_TORTURE ? 2 : 8,
    FASTCACHE_MAX_BYTES = 64 * 1024,
    FASTCACHE_LEAST_BYTES = 4096,                     /* that, in a process of very many heaps */
    FASTCACHE_DECAY_MISSES = HAKMEM_TORTURE ? 4 : 64, /* refills and flushes between two looks at the clock */
    MAGAZINE_BLOCKS = HAKMEM_TORTURE ? 2 : 62,
    MAGAZINE_MAX_BYTES = 64 * 1024,
    DEPOT_SHARDS = 16,
    DEPOT_CLASS_BYTES = HAKMEM_TORTURE ? 4096 : 1024 * 1024,      /* a class's magazines in one shard */
    DEPOT_SHARD_BYTES = HAKMEM_TORTURE ? 16384 : 4 * 1024 * 1024, /* all classes' */
    COLLECT_STEP_SLABS = HAKMEM_TORTURE ? 1 : 32,                 /* taken in at once from an inbox */
    LENDING_STEPS = 8,                                            /* of these, for another heap in a refill */
    LENDING_LEAST_BYTES = HAKMEM_TORTURE ? 65536 : 4 * 1024 * 1024, /* resident before a heap does so */
    POKE_STEP_BYTES = HAKMEM_TORTURE ? 4096 : 1024 * 1024, /* of free memory worth telling the scavenger */
    YOUNG_EVENTS = HAKMEM_TORTURE ? 4 : 48,                /* slow paths after which a heap counts as busy */
};

static_assert((int)WIDE_UNITS <= (int)SUPERSLAB_UNITS, "a wide slab fits in a SuperSlab");
static_assert(HAKMEM_TORTURE || (int)MAGAZINE_MAX_BYTES >= 2 * (int)SLAB_MAX_BYTES,
              "a magazine holds two blocks");
static_assert((int)RUN_MAX_UNITS <= (int)SUPERSLAB_UNITS, "so does a run");

/* The largest page there may be. */
#if defined(__x86_64__)
#define OPTIONS_ALIGN 4096
#else
#define OPTIONS_ALIGN 65536
#endif

#define PAYLOAD_MAX ((size_t)PTRDIFF_MAX)

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define HIDDEN __attribute__((visibility("hidden")))
#define COLD __attribute__((cold, noinline))
#define NOINLINE __attribute__((noinline))

/* The options' values, named as in options.def. Written at start and by hakmem_option_set; read
 * anywhere, each on its own, so relaxed atomics are enough. They have their pages to themselves, since these
 * can be made read-only (HAKMEM_SECURE). */
struct options {
#define OPTION(field, name, initial, minimum, maximum, form, when, help) _Atomic uint32_t field;
#include "base/options.def"
#undef OPTION
} __attribute__((aligned(OPTIONS_ALIGN)));

enum {
    OPTION_COUNT =
#define OPTION(field, name, initial, minimum, maximum, form, when, help) 1 +
#include "base/options.def"
#undef OPTION
        0
};
extern struct options options HIDDEN;

/* HAKMEM_THP and HAKMEM_THRIFT. */
enum { THP_AUTO, THP_NEVER, THP_ALWAYS };
enum { THRIFT_AUTO, THRIFT_NEVER, THRIFT_ALWAYS };

#define OPTION_VALUE(field) __atomic_load_n((const uint32_t *)&options.field, __ATOMIC_RELAXED)

#endif
