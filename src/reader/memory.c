#include "reader/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

enum { CHUNK_BYTES = 1 << 20, SMALL_BYTES = 1 << 16, ALIGN = 64 };

struct chunk {
    struct chunk *next;
};

struct reader_memory {
    struct chunk *chunks;
    size_t left_bytes; /* of the budget */
    char *at, *end;    /* of the chunk that small pieces come from */
};

struct reader_memory *memory_open(size_t budget_bytes)
{
    struct reader_memory *memory = calloc(1, sizeof *memory);
    if (memory)
        memory->left_bytes = budget_bytes;
    return memory;
}

void memory_close(struct reader_memory *memory)
{
    if (!memory)
        return;
    for (struct chunk *chunk = memory->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(memory);
}

static char *take_chunk(struct reader_memory *memory, size_t bytes)
{
    if (bytes > memory->left_bytes)
        return NULL;
    struct chunk *chunk = calloc(1, sizeof *chunk + ALIGN + bytes);
    if (!chunk)
        return NULL;
    memory->left_bytes -= bytes;
    chunk->next = memory->chunks;
    memory->chunks = chunk;
    return (char *)align_up((uintptr_t)(chunk + 1), ALIGN);
}

void *memory_take(struct reader_memory *memory, size_t count, size_t element_bytes)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, element_bytes, &bytes) || bytes > memory->left_bytes)
        return NULL;
    bytes = align_up(bytes, ALIGN);
    if (bytes > SMALL_BYTES)
        return take_chunk(memory, bytes);
    if ((size_t)(memory->end - memory->at) < bytes || !memory->at) {
        char *chunk = take_chunk(memory, CHUNK_BYTES);
        if (!chunk)
            return NULL;
        memory->at = chunk;
        memory->end = chunk + CHUNK_BYTES;
    }
    void *taken = memory->at;
    memory->at += bytes;
    return taken;
}

char *memory_copy_text(struct reader_memory *memory, const char *text, size_t length)
{
    char *copy = memory_take(memory, length + 1, 1);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}
