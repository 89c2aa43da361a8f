/* trace.c - unpacks the traces that are built into the program, and reads their events. */
#define _GNU_SOURCE 1

#include "trace.h"

#include "bench.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

enum { KIND_BITS = 3, KIND_MASK = 7, GZIP_WINDOW_BITS = 15 + 16, GZIP_TAIL_BYTES = 4, ZLIB_BYTES = 1 << 18 };

/* The files lie in the program, so that it needs no directory. */
#define TRACE_EMBED(name)                                                                                    \
    extern const unsigned char trace_##name[] __attribute__((visibility("hidden")));                         \
    extern const unsigned char trace_##name##_end[] __attribute__((visibility("hidden")));                   \
    __asm__(".pushsection .rodata,\"a\"\n"                                                                   \
            ".globl trace_" #name ", trace_" #name "_end\n"                                                  \
            ".hidden trace_" #name ", trace_" #name "_end\n"                                                 \
            "trace_" #name ": .incbin \"" TRACE_DIRECTORY "/" #name ".gz\"\n"                                \
            "trace_" #name "_end: .byte 0\n"                                                                 \
            ".popsection\n")

TRACE_EMBED(python);
TRACE_EMBED(redis);
TRACE_EMBED(gcc);

static const struct {
    const unsigned char *start, *end;
} packed[TRACES] = {
    {trace_python, trace_python_end},
    {trace_redis, trace_redis_end},
    {trace_gcc, trace_gcc_end},
};
const char *const trace_name[TRACES] = {"python", "redis", "gcc"};

static __attribute__((noreturn)) void damaged(void)
{
    errno = EILSEQ;
    bench_fail("a trace in this program is damaged");
}

/* zlib's memory: one piece after the other, none given back. */
struct zlib_memory {
    unsigned char *next;
    size_t left;
};

static void *zlib_allocate(void *memory_of, unsigned count, unsigned size)
{
    struct zlib_memory *memory = memory_of;
    size_t bytes = ((size_t)count * size + 15) & ~(size_t)15;
    if (bytes > memory->left)
        return NULL;
    memory->left -= bytes;
    memory->next += bytes;
    return memory->next - bytes;
}

static void zlib_free(void *memory_of, void *block)
{
    (void)memory_of;
    (void)block;
}

static void unpack(struct trace *trace, const unsigned char *start, size_t packed_bytes)
{
    struct zlib_memory memory = {bench_pages(ZLIB_BYTES), ZLIB_BYTES};
    const unsigned char *tail = start + packed_bytes - GZIP_TAIL_BYTES;
    trace->bytes = (size_t)tail[0] | (size_t)tail[1] << 8 | (size_t)tail[2] << 16 | (size_t)tail[3] << 24;
    unsigned char *events = bench_pages(trace->bytes);
    z_stream stream = {
        .next_in = (unsigned char *)(uintptr_t)start,
        .avail_in = (unsigned)packed_bytes,
        .next_out = events,
        .avail_out = (unsigned)trace->bytes,
        .zalloc = zlib_allocate,
        .zfree = zlib_free,
        .opaque = &memory,
    };
    if (inflateInit2(&stream, GZIP_WINDOW_BITS) != Z_OK || inflate(&stream, Z_FINISH) != Z_STREAM_END)
        damaged();
    inflateEnd(&stream);
    trace->event = events;
}

static uint64_t number_read(const struct trace *trace, struct trace_cursor *cursor)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (cursor->at == trace->bytes)
            damaged();
        unsigned char byte = trace->event[cursor->at++];
        number |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return number;
    }
    damaged();
}

static size_t block_of_age(const struct trace_cursor *cursor, uint64_t age)
{
    if (age >= cursor->blocks)
        damaged();
    return cursor->blocks - 1 - (size_t)age;
}

bool trace_next(const struct trace *trace, struct trace_cursor *cursor, struct trace_event *event)
{
    if (cursor->at == trace->bytes)
        return false;
    uint64_t first = number_read(trace, cursor), value = first >> KIND_BITS;
    *event = (struct trace_event){(enum trace_kind)(first & KIND_MASK), cursor->blocks, 0, 0};
    cursor->events++;
    switch (event->kind) {
    case TRACE_MALLOC:
    case TRACE_CALLOC: event->bytes = (size_t)value; break;
    case TRACE_ALIGNED:
        event->alignment = (size_t)1 << (value & 63);
        event->bytes = (size_t)number_read(trace, cursor);
        break;
    case TRACE_FREE: event->block = block_of_age(cursor, value); return true;
    case TRACE_REALLOC:
        event->block = block_of_age(cursor, value);
        event->bytes = (size_t)number_read(trace, cursor);
        return true;
    default: damaged();
    }
    cursor->blocks++;
    return true;
}

static void measure(struct trace *trace)
{
    struct trace_cursor cursor = {0, 0, 0};
    struct trace_event event;
    /* One byte holds an event at least. */
    uint32_t *size = bench_pages(trace->bytes * sizeof *size);
    uint64_t live = 0;
    while (trace_next(trace, &cursor, &event)) {
        live += event.bytes - size[event.block];
        size[event.block] = (uint32_t)event.bytes;
        if (live > trace->peak_requested) {
            trace->peak_requested = live;
            trace->peak_event = cursor.events;
        }
    }
    trace->events = cursor.events;
    trace->blocks = cursor.blocks;
    bench_pages_free(size, trace->bytes * sizeof *size);
}

void trace_open(struct trace *trace, size_t index)
{
    memset(trace, 0, sizeof *trace);
    unpack(trace, packed[index].start, (size_t)(packed[index].end - packed[index].start));
    measure(trace);
}
