#ifndef HAKMEM_HEAP_THRIFT_H
#define HAKMEM_HEAP_THRIFT_H

#include "heap/heap.h"
#include "pool/pool.h"

extern _Atomic size_t thrift_mark_bytes HIDDEN;
void thrift_pass(struct heap *heap, size_t units) HIDDEN COLD;

static inline void thrift_before_growth(struct heap *heap, size_t units)
{
    size_t mark = atomic_load_explicit(&thrift_mark_bytes, memory_order_relaxed);
    if (unlikely(heap && pool_resident_bytes() + units * UNIT_BYTES > mark))
        thrift_pass(heap, units);
}

#endif
