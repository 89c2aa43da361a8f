#include "heap/arena.h"

#include <string.h>

static bool use_second_page(struct heap *heap)
{
    char *second = heap_bins(heap)->arena_second;
    if (!heap->busy || heap->arena_end != (char *)heap + HEAP_BINS_OFFSET)
        return false;
    heap->arena_next = second;
    heap->arena_end = (char *)heap + CELL_BYTES;
    return true;
}

static bool use_new_cells(struct heap *heap, size_t bytes)
{
    size_t cells = (bytes + CELL_BYTES - 1) / CELL_BYTES;
    size_t first = region_take_cells(cells);
    if (first == SIZE_MAX)
        return false;
    heap->arena_next = region_cell(first + cells - 1);
    heap->arena_end = heap->arena_next + cells * CELL_BYTES;
    return true;
}

void *arena_take(struct heap *heap, size_t bytes)
{
    bytes = align_up(bytes, 16);
    if ((size_t)(heap->arena_end - heap->arena_next) < bytes)
        if (!(use_second_page(heap) && (size_t)(heap->arena_end - heap->arena_next) >= bytes) &&
            !use_new_cells(heap, bytes))
            return NULL;
    void *taken = heap->arena_next;
    heap->arena_next += bytes;
    return taken;
}

void **arena_take_stack(struct heap *heap, unsigned capacity)
{
    void **free_stacks = &heap->free_stacks[bit_highest(capacity)];
    void **bottom = *free_stacks;
    if (!bottom)
        return arena_take(heap, (capacity + 1) * sizeof(void *));
    *free_stacks = bottom[1];
    bottom[0] = NULL;
    return bottom;
}

void arena_give_stack(struct heap *heap, void **bottom, unsigned capacity)
{
    bottom[1] = heap->free_stacks[bit_highest(capacity)];
    heap->free_stacks[bit_highest(capacity)] = bottom;
}
