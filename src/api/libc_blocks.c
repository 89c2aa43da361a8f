/* libc_blocks.c - told by where a block lies and by what stands before it, which is glibc's since 2.10
 * (malloc/malloc.c: malloc_chunk; malloc/arena.c: heap_info). Of musl's blocks those at the program break. */
#include "api/libc_blocks.h"

#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/bits.h"
#include "os/maps.h"
#include "os/vm.h"

enum {
    CHUNK_MMAPPED = 2, /* flags in a chunk's size */
    CHUNK_OF_THREADS_ARENA = 4,
    CHUNK_FLAGS = 7,
    HEAP_MAX_BYTES = 67108864 /* of an arena, and what it is aligned to */
};

struct chunk {
    size_t before; /* of a mapped one: how far from the mapping's start it is */
    size_t size;
};

struct arena_heap {
    uintptr_t arena, previous;
    size_t size, writable;
};

/* The end of the program's own data, from its program headers: its break heap begins somewhere behind. */
static uintptr_t program_end(void)
{
    const ElfW(Phdr) *headers = (const ElfW(Phdr) *)getauxval(AT_PHDR);
    size_t n = getauxval(AT_PHNUM);
    uintptr_t bias = 0, end = 0;
    for (size_t i = 0; headers && i < n; i++) {
        if (headers[i].p_type == PT_PHDR)
            bias = (uintptr_t)headers - headers[i].p_vaddr;
        if (headers[i].p_type == PT_LOAD)
            end = size_max(end, headers[i].p_vaddr + headers[i].p_memsz);
    }
    return end ? bias + end : UINTPTR_MAX;
}

/* Between the program's data and the program break, which HAKMEM never moves. */
static bool is_in_break_heap(uintptr_t address)
{
    return address < (uintptr_t)sbrk(0) && address >= program_end();
}

static bool holds(const struct mapping *mapping, uintptr_t start, size_t bytes)
{
    return start >= mapping->start && start < mapping->end && bytes <= mapping->end - start;
}

/* Memory that malloc may have from the kernel: without a file, and not named by others. */
static bool is_malloc_s(const struct mapping *mapping)
{
    static const char of_glibc[] = "[anon: glibc: malloc";
    return strcmp(mapping->access, "rw-p") == 0 &&
           (!*mapping->name || strncmp(mapping->name, of_glibc, sizeof of_glibc - 1) == 0);
}

/* A mapping of its own, or a part of one that the kernel joined to its neighbours. */
static bool is_mapped_chunk(const struct mapping *mapping, uintptr_t at, struct chunk chunk)
{
    size_t page = vm_page_bytes(), bytes = chunk.before + (chunk.size & ~(size_t)CHUNK_FLAGS);
    uintptr_t start = at - chunk.before;
    return (chunk.size & CHUNK_FLAGS) == CHUNK_MMAPPED && chunk.before < bytes && start % page == 0 &&
           bytes % page == 0 && holds(mapping, start, bytes);
}

static bool is_plausible(const struct arena_heap *heap, uintptr_t at)
{
    return heap->size <= heap->writable && heap->writable <= HEAP_MAX_BYTES &&
           heap->size % vm_page_bytes() == 0 &&
           (heap->previous ? heap->previous % HEAP_MAX_BYTES == 0
                           : heap->arena - at <= 2 * sizeof(struct arena_heap));
}

/* In an arena of a thread, whose record is at the start of its address range. */
static bool is_arena_chunk(const struct mapping *mapping, uintptr_t at, struct chunk chunk)
{
    uintptr_t start = align_down(at, HEAP_MAX_BYTES);
    size_t bytes = chunk.size & ~(size_t)CHUNK_FLAGS;
    if (!(chunk.size & CHUNK_OF_THREADS_ARENA) || (chunk.size & CHUNK_MMAPPED) || bytes % BLOCK_ALIGN ||
        !holds(mapping, start, sizeof(struct arena_heap)))
        return false;
    const struct arena_heap *heap = (const struct arena_heap *)start;
    return is_plausible(heap, start) && at - start < heap->size && bytes <= heap->size - (at - start);
}

bool libc_made(const void *p)
{
    uintptr_t address = (uintptr_t)p, at = address - sizeof(struct chunk);
    struct mapping mapping;
    struct chunk chunk;
    if (address % BLOCK_ALIGN)
        return false;
    if (is_in_break_heap(address))
        return true;
    if (!maps_nearest(at, &mapping) || !holds(&mapping, at, sizeof chunk) || !is_malloc_s(&mapping))
        return false;
    memcpy(&chunk, (const void *)at, sizeof chunk);
    return is_mapped_chunk(&mapping, at, chunk) || is_arena_chunk(&mapping, at, chunk);
}
