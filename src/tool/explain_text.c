/* explain_text.c - an explanation for people: the parts, the classes, the threads, the sentence. */
#include "explain.h"

#include "text.h"

#include <stdio.h>
#include <string.h>

enum { BAR_CELLS = 24, CLASSES_SHOWN = 10, THREADS_SHOWN = 8, WIDTH = 92 };

static double share(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_bar(uint64_t part, uint64_t whole)
{
    size_t cells = whole ? (size_t)((double)part / (double)whole * BAR_CELLS + 0.5) : 0;
    for (size_t i = 0; i < cells && i < BAR_CELLS; i++)
        fputs("█", stdout);
    putchar('\n');
}

static void print_part(const char *title, uint64_t bytes, uint64_t whole)
{
    char number[NUMBER_BYTES];
    printf("  %-42s %11s %6.1f %%  ", title, number_bytes((double)bytes, number), share(bytes, whole));
    print_bar(bytes, whole);
}

static void print_head(const struct reader_snapshot *snapshot, uint64_t whole)
{
    char number[NUMBER_BYTES];
    printf("%s%.60s%s", colour_begin(COLOUR_BOLD), *snapshot->program ? snapshot->program : "a program",
           colour_end());
    if (snapshot->pid)
        printf(", process %d%s", snapshot->pid, snapshot->stopped ? " (stopped)" : "");
    printf(", HAKMEM %s: %s %s\n\n", snapshot->library, number_bytes((double)whole, number),
           snapshot->source == READER_PROCESS ? "resident" : "in the core file");
}

static void print_parts(const struct explanation *told)
{
    const struct reader_parts *parts = told->parts;
    for (int part = 0; part < READER_PARTS; part++)
        if (parts->bytes[part])
            print_part(reader_part_title((enum reader_part)part), parts->bytes[part], parts->sum_bytes);
    printf("%s", colour_begin(COLOUR_BOLD));
    print_part("sum", parts->sum_bytes, parts->sum_bytes);
    printf("%s", colour_end());
    if (told->snapshot->rss_bytes)
        print_part("RSS as the kernel reports it", told->snapshot->rss_bytes, parts->sum_bytes);
}

static void print_notes(const struct explanation *told)
{
    char number[NUMBER_BYTES];
    const struct reader_snapshot *snapshot = told->snapshot;
    if (told->parts->rounding_bytes)
        printf("\n  Of the live blocks about %s is rounding to size classes (an estimate: requested sizes "
               "are not kept).\n",
               number_bytes((double)told->parts->rounding_bytes, number));
    if (snapshot->source == READER_CORE)
        puts("  A core file does not say which pages were resident: those that it holds and that are in use "
             "count.");
    else if (!told->parts->exact)
        puts("  The kernel does not say which pages are resident: what was used since it was last given back "
             "counts.");
    if (snapshot->swap_bytes)
        printf("  Swapped out besides: %s.\n", number_bytes((double)snapshot->swap_bytes, number));
    if (snapshot->skipped.slabs || snapshot->skipped.caches || snapshot->skipped.records)
        printf("  Changed while they were read, and are only nearly right: %llu slabs, %llu caches, %llu "
               "records.\n",
               (unsigned long long)snapshot->skipped.slabs, (unsigned long long)snapshot->skipped.caches,
               (unsigned long long)snapshot->skipped.records);
    if (snapshot->skipped.unreadable_bytes)
        printf("  Could not be read: %s of records.\n",
               number_bytes((double)snapshot->skipped.unreadable_bytes, number));
}

static void print_classes(const struct explanation *told)
{
    unsigned order[READER_CLASSES];
    size_t count = explain_sort_classes(told->parts, order);
    if (!count)
        return;
    printf("\n  %s%8s %8s %12s %9s %12s %12s %12s%s\n", colour_begin(COLOUR_DIM), "class", "slabs",
           "live blocks", "of all", "live", "pinned free", "free pages", colour_end());
    for (size_t i = 0; i < count && i < CLASSES_SHOWN; i++) {
        const struct reader_class_parts *class = &told->parts->classes[order[i]];
        char live[NUMBER_BYTES], pinned[NUMBER_BYTES], pages[NUMBER_BYTES];
        printf("  %8zu %8llu %12llu %7.1f %% %12s %12s %12s\n", reader_class_bytes(order[i]),
               (unsigned long long)class->slabs, (unsigned long long)class->live_blocks,
               share(class->live_blocks, class->blocks), number_bytes((double)class->live_bytes, live),
               number_bytes((double)class->pinned_bytes, pinned),
               number_bytes((double)(class->free_page_bytes + class->huge_page_bytes), pages));
    }
    if (count > CLASSES_SHOWN)
        printf("  … and %zu classes more\n", count - CLASSES_SHOWN);
}

static uint64_t held(const struct reader_heap_parts *heap)
{
    return heap->fastcache_bytes + heap->magazine_bytes + heap->run_bytes;
}

/* The next largest after `below`, or after the one at index `last` among equals; NULL: none. */
static const struct reader_heap_parts *next_largest(const struct reader_parts *parts,
                                                    const struct reader_heap_parts *last)
{
    const struct reader_heap_parts *best = NULL;
    for (size_t i = 0; i < parts->heap_count; i++) {
        const struct reader_heap_parts *at = &parts->heaps[i];
        bool after = !last || held(at) < held(last) || (held(at) == held(last) && at > last);
        if (held(at) && after && (!best || held(at) > held(best)))
            best = at;
    }
    return best;
}

static void print_thread(const struct reader_snapshot *snapshot, const struct reader_heap_parts *parts)
{
    const struct reader_heap *heap = reader_find_heap(snapshot, parts->heap);
    char name[40] = "", cached[NUMBER_BYTES], magazines[NUMBER_BYTES];
    if (heap->commons)
        snprintf(name, sizeof name, "the commons");
    else if (heap->parked)
        snprintf(name, sizeof name, "parked");
    else if (heap->tid)
        snprintf(name, sizeof name, "%d %s", heap->tid, heap->thread_name);
    else
        snprintf(name, sizeof name, "thread unknown");
    printf("  %8u  %-24s %12s %12s\n", heap->number, name,
           number_bytes((double)(parts->fastcache_bytes + parts->run_bytes), cached),
           number_bytes((double)parts->magazine_bytes, magazines));
}

static void print_threads(const struct explanation *told)
{
    const struct reader_heap_parts *at = next_largest(told->parts, NULL);
    if (!at)
        return;
    printf("\n  %s%8s  %-24s %12s %12s%s\n", colour_begin(COLOUR_DIM), "heap", "thread", "cached",
           "magazines", colour_end());
    for (int shown = 0; at && shown < THREADS_SHOWN; shown++, at = next_largest(told->parts, at))
        print_thread(told->snapshot, at);
    if (at)
        printf("  … of %zu heaps\n", told->parts->heap_count);
}

/* Text in lines of at most WIDTH characters. */
static void print_wrapped(const char *text)
{
    size_t column = 0;
    while (*text) {
        size_t word = strcspn(text, " ");
        if (column && column + 1 + word > WIDTH) {
            putchar('\n');
            column = 0;
        }
        column += (size_t)printf("%s%.*s", column ? " " : "", (int)word, text);
        text += word;
        text += strspn(text, " ");
    }
    putchar('\n');
}

void explain_print(const struct explanation *told)
{
    print_head(told->snapshot, told->parts->sum_bytes);
    print_parts(told);
    print_notes(told);
    print_classes(told);
    print_threads(told);
    putchar('\n');
    print_wrapped(told->advice->text);
}
