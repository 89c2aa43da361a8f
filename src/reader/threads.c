/* threads.c - which thread has which heap.
 *
 * A heap notes its thread's pointer (that of thread-local storage). Every libc keeps the thread's id at
 * one and the same distance from it, in a structure of its own: the distance at which most heaps have the
 * id of a thread that exists, each another one, is the right one. So no libc's layout needs to be known. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader/build.h"

enum {
    BELOW_BYTES = 2304, /* struct pthread lies below the pointer (aarch64) or at it (x86-64) */
    ABOVE_BYTES = 1024,
    WINDOW = (BELOW_BYTES + ABOVE_BYTES) / 4,
    HEAPS_MOST = 4096,
};

struct threads {
    int *tids;
    size_t count;
    int32_t (*windows)[WINDOW]; /* of each heap that has a thread, and */
    struct reader_heap **heaps; /* which that is */
    size_t heap_count;
};

static int compare_ints(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static bool list_tids(struct build *build, struct threads *threads)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d/task", build->reader->pid);
    DIR *directory = opendir(path);
    size_t room = 0;
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        if (entry->d_name[0] == '.')
            continue;
        if (threads->count == room) {
            room = room ? 2 * room : 64;
            int *tids = build_take(build, room, sizeof *tids);
            if (!tids)
                break;
            if (threads->count)
                memcpy(tids, threads->tids, threads->count * sizeof *tids);
            threads->tids = tids;
        }
        threads->tids[threads->count++] = atoi(entry->d_name);
    }
    if (directory)
        closedir(directory);
    return threads->count > 0;
}

static bool find_tids(struct build *build, struct threads *threads)
{
    if (build->reader->kind == READER_PROCESS) {
        if (!list_tids(build, threads))
            return false;
    } else {
        threads->count = build->reader->tid_count;
        threads->tids = build_take(build, threads->count, sizeof *threads->tids);
        if (!threads->tids || !threads->count)
            return false;
        memcpy(threads->tids, build->reader->tids, threads->count * sizeof *threads->tids);
    }
    qsort(threads->tids, threads->count, sizeof *threads->tids, compare_ints);
    return true;
}

static bool is_tid(const struct threads *threads, int32_t value)
{
    return value > 0 && bsearch(&value, threads->tids, threads->count, sizeof value, compare_ints);
}

static bool read_windows(struct build *build, struct threads *threads)
{
    struct reader_snapshot *snapshot = build->snapshot;
    size_t most = size_min(snapshot->heap_count, HEAPS_MOST);
    threads->windows = build_take(build, most, sizeof *threads->windows);
    threads->heaps = build_take(build, most, sizeof *threads->heaps);
    struct source_piece *pieces = build_take(build, most, sizeof *pieces);
    if (!threads->windows || !threads->heaps || !pieces)
        return false;
    for (size_t i = 0; i < snapshot->heap_count && threads->heap_count < most; i++) {
        struct reader_heap *heap = &snapshot->heaps[i];
        if (heap->parked || heap->thread_pointer <= BELOW_BYTES || heap->thread_pointer % 8)
            continue;
        size_t k = threads->heap_count++;
        threads->heaps[k] = heap;
        pieces[k] = (struct source_piece){heap->thread_pointer - BELOW_BYTES, threads->windows[k],
                                          sizeof threads->windows[k]};
    }
    source_read_many(build->reader, pieces, threads->heap_count);
    return threads->heap_count > 0;
}

/* Heaps that have a thread's id at this place. */
static size_t votes_for(const struct threads *threads, size_t place)
{
    size_t votes = 0;
    for (size_t i = 0; i < threads->heap_count; i++) {
        int32_t value = threads->windows[i][place];
        bool differs = i == 0 || value != threads->windows[i - 1][place];
        votes += differs && is_tid(threads, value);
    }
    return votes;
}

static void name_thread(struct build *build, struct reader_heap *heap)
{
    char name[48];
    size_t length;
    if (build->reader->kind != READER_PROCESS)
        return;
    snprintf(name, sizeof name, "task/%d/comm", heap->tid);
    char *text = process_read_file(build->reader->pid, name, &length);
    if (text)
        snprintf(heap->thread_name, sizeof heap->thread_name, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
}

void build_threads(struct build *build)
{
    struct threads threads = {0};
    size_t best = 0, best_votes = 0;
    if (!find_tids(build, &threads) || !read_windows(build, &threads))
        return;
    for (size_t place = 0; place < WINDOW; place++) {
        size_t votes = votes_for(&threads, place);
        if (votes > best_votes) {
            best_votes = votes;
            best = place;
        }
    }
    for (size_t i = 0; best_votes && i < threads.heap_count; i++)
        if (is_tid(&threads, threads.windows[i][best])) {
            threads.heaps[i]->tid = threads.windows[i][best];
            name_thread(build, threads.heaps[i]);
        }
}
