/* audit.h - a look, on slow paths, at the blocks that were freed last: what a fast path took in without a
 * look.
 *
 * A block freed twice with another between, or a pointer into a block, lies in a FastCache until it is
 * flushed, or until malloc gives it out. An audit finds it before that, mostly: of several classes the last
 * few blocks, when the heap gets a FastCache for another class, and at one refill in some. What it finds is
 * reported, and leaves the FastCache: nobody gets it. [owner] */
#ifndef HAKMEM_HEAP_AUDIT_H
#define HAKMEM_HEAP_AUDIT_H

#include "heap/heap.h"

/* Looks at the last blocks of the next AUDIT_CLASSES classes that have any: of all in a small program, and in
 * a large one of no more than malloc has time for. The caller holds no lock. */
void audit_classes(struct heap *heap) HIDDEN;

/* A block that is to go on its FastCache, which is full: whether it is not among the last blocks there. */
bool audit_push(struct heap *heap, unsigned size_class, const void *block) HIDDEN;

#endif
