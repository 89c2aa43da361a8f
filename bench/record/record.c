/* record.c - a preload that records a program's calls of malloc and its kin, for bench_peak_rss.
 *
 *     HK_RECORD=PREFIX LD_PRELOAD=build/librecord_malloc.so PROGRAM…
 *
 * writes PREFIX.PID for every process that allocates; HK_RECORD_EVENTS=N stops after N events. The
 * format is in bench/traces/README.md. Blocks are named by their age, so that what a program does
 * often is the same bytes again, and compresses well. Threads are recorded in the order in which they
 * get the lock; the child of a fork is not recorded until it becomes another program. Needs glibc, whose
 * malloc does the work.
 */
#define _GNU_SOURCE 1

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

enum event { EVENT_MALLOC, EVENT_FREE, EVENT_REALLOC, EVENT_CALLOC, EVENT_ALIGNED };
enum { EVENT_BITS = 3, BUFFER_BYTES = 1 << 16, MOST_EVENT_BYTES = 32, TABLE_LOG2 = 24 };

/* [lock: lock] all below */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum { UNTRIED, RECORDING, OFF } state;
static int output;
static uint64_t events_left, blocks_seen;
static size_t used;
static unsigned char buffer[BUFFER_BYTES];
static struct {
    void *block;     /* NULL: free */
    uint64_t number; /* of its allocation, from 1 */
} * table;

static void buffer_write(void)
{
    for (size_t at = 0; at < used;) {
        ssize_t written = write(output, buffer + at, used - at);
        if (written < 0 && errno != EINTR)
            break;
        at += written > 0 ? (size_t)written : 0;
    }
    used = 0;
}

static void number_add(uint64_t number)
{
    for (; number >= 0x80; number >>= 7)
        buffer[used++] = (unsigned char)(number | 0x80);
    buffer[used++] = (unsigned char)number;
}

static void event_add(enum event event, uint64_t number)
{
    if (used > BUFFER_BYTES - MOST_EVENT_BYTES)
        buffer_write();
    number_add(number << EVENT_BITS | event);
}

static void recording_stop(void)
{
    buffer_write();
    close(output);
    state = OFF;
}

static __attribute__((destructor)) void at_exit(void)
{
    pthread_mutex_lock(&lock);
    if (state == RECORDING)
        recording_stop();
    pthread_mutex_unlock(&lock);
}

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
    used = 0;
    state = OFF;
    pthread_mutex_unlock(&lock);
}

static void recording_start(void)
{
    char path[4096];
    const char *prefix = getenv("HK_RECORD"), *events = getenv("HK_RECORD_EVENTS");
    state = OFF;
    if (!prefix)
        return;
    snprintf(path, sizeof path, "%s.%d", prefix, (int)getpid());
    output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    table = mmap(NULL, sizeof *table << TABLE_LOG2, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (output < 0 || table == MAP_FAILED)
        return;
    events_left = events ? strtoull(events, NULL, 10) : UINT64_MAX;
    state = RECORDING;
}

static __attribute__((constructor)) void at_start(void)
{
    pthread_atfork(before_fork, after_fork, in_child);
}

/* Takes the lock, and returns whether the event is to be recorded. */
static bool event_begin(void)
{
    pthread_mutex_lock(&lock);
    if (state == UNTRIED)
        recording_start();
    if (state == RECORDING && events_left-- == 0)
        recording_stop();
    return state == RECORDING;
}

static size_t table_place(const void *block)
{
    size_t mask = ((size_t)1 << TABLE_LOG2) - 1;
    size_t at = (size_t)(((uintptr_t)block * 0x9e3779b97f4a7c15u) >> (64 - TABLE_LOG2));
    while (table[at].block && table[at].block != block)
        at = (at + 1) & mask;
    return at;
}

static void table_add(void *block, uint64_t number)
{
    size_t at = table_place(block);
    table[at].block = block;
    table[at].number = number;
}

/* Takes the block out, moving up those that probed past it. 0 when it is not there. */
static uint64_t table_take(const void *block)
{
    size_t mask = ((size_t)1 << TABLE_LOG2) - 1, at = table_place(block);
    uint64_t number = table[at].block ? table[at].number : 0;
    table[at].block = NULL;
    for (size_t next = (at + 1) & mask; number && table[next].block; next = (next + 1) & mask) {
        void *moved = table[next].block;
        uint64_t moved_number = table[next].number;
        table[next].block = NULL;
        table_add(moved, moved_number);
    }
    return number;
}

/* What was allocated before the recording began, or by others, is unknown: 0. */
static uint64_t age_of(uint64_t number)
{
    return blocks_seen - number;
}

void *malloc(size_t size)
{
    void *block = __libc_malloc(size);
    if (event_begin() && block) {
        event_add(EVENT_MALLOC, size);
        table_add(block, ++blocks_seen);
    }
    pthread_mutex_unlock(&lock);
    return block;
}

void *calloc(size_t count, size_t size)
{
    void *block = __libc_calloc(count, size);
    if (event_begin() && block) {
        event_add(EVENT_CALLOC, count * size);
        table_add(block, ++blocks_seen);
    }
    pthread_mutex_unlock(&lock);
    return block;
}

void free(void *block)
{
    if (!block)
        return;
    if (event_begin()) {
        uint64_t number = table_take(block);
        if (number)
            event_add(EVENT_FREE, age_of(number));
    }
    __libc_free(block); /* under the lock: nobody may be given the block before its free is recorded */
    pthread_mutex_unlock(&lock);
}

void *realloc(void *block, size_t size)
{
    if (!block)
        return malloc(size);
    if (size == 0) {
        free(block);
        return NULL;
    }
    bool recorded = event_begin();
    uint64_t number = recorded ? table_take(block) : 0;
    void *moved = __libc_realloc(block, size);
    if (number)
        table_add(moved ? moved : block, number);
    if (number && moved) {
        event_add(EVENT_REALLOC, age_of(number));
        number_add(size);
    }
    pthread_mutex_unlock(&lock);
    return moved;
}

static void *aligned_block(size_t alignment, size_t size)
{
    void *block = __libc_memalign(alignment, size);
    if (event_begin() && block) {
        event_add(EVENT_ALIGNED, (uint64_t)__builtin_ctzll(alignment));
        number_add(size);
        table_add(block, ++blocks_seen);
    }
    pthread_mutex_unlock(&lock);
    return block;
}

void *memalign(size_t alignment, size_t size)
{
    return aligned_block(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return aligned_block(alignment, size);
}

/* Of glibc's own blocks: the program may be linked to another malloc, whose function would be found. */
size_t malloc_usable_size(void *block)
{
    static size_t (*of_libc)(void *block);
    if (!of_libc) {
        void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
        void *function = libc ? dlsym(libc, "malloc_usable_size") : NULL;
        if (!function)
            abort();
        memcpy(&of_libc, &function, sizeof function);
    }
    return of_libc(block);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
    void *found = aligned_block(alignment, size);
    if (!found)
        return ENOMEM;
    *block = found;
    return 0;
}
