/* own_blocks.hpp - what a program's own operators new and delete give out: blocks with a header before them,
 * which do not begin where malloc's do. */
#pragma once

#include "check.h"

#include <algorithm>
#include <new>

#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wsized-deallocation" /* that is what is tested */
#endif

namespace {

const size_t header_bytes = 64;
const unsigned long mark = 0x68656164;
long live;

void *make(size_t size, size_t align)
{
    void *memory;
    if (size > PTRDIFF_MAX ||
        posix_memalign(&memory, std::max(align, header_bytes), size + header_bytes + align) != 0)
        throw std::bad_alloc();
    size_t offset = std::max(align, header_bytes);
    char *block = static_cast<char *>(memory) + offset;
    reinterpret_cast<unsigned long *>(block)[-1] = mark;
    reinterpret_cast<void **>(block)[-2] = memory;
    live++;
    return block;
}

void unmake(void *block)
{
    if (block == nullptr)
        return;
    auto *before = static_cast<unsigned long *>(opaque(block));
    CHECK_THAT(before[-1] == mark, "%p is not the program's block", block);
    live--;
    free(reinterpret_cast<void **>(before)[-2]);
}

/* The block comes from the program's operator. */
void *programs(void *block)
{
    CHECK(static_cast<unsigned long *>(opaque(block))[-1] == mark);
    return block;
}

} // namespace
