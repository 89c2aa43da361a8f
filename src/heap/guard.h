/* guard.h - guarded sampling: now and then a request that leaves the fast path gets a block in a slot of its
 * own, with an inaccessible page on each side. The block ends at the slot's end or begins at its beginning,
 * at random; what is left of the page holds a pattern, looked at when the block is freed. A freed slot is
 * inaccessible, and in quarantine until it is the one that was freed first. A fault in this memory is
 * reported with the stacks of allocation, free and fault.
 *
 * Slots lie in units of the region with a tag of their own, so that free finds them at no cost to other
 * blocks, and their records lie apart. There is a fixed number of them, made as they are needed and never
 * unmade. One lock (rank guard), held for no system call but when slots are made, nor while a stack is taken.
 * Whatever the kernel refuses, the request is served as any other. */
#ifndef HAKMEM_HEAP_GUARD_H
#define HAKMEM_HEAP_GUARD_H

#include "heap/claim.h"
#include "heap/registry.h"

/* Sampling may begin: options are read, and the loader is through with us. */
void guard_start(void) HIDDEN;

/* Who knows of other inaccessible memory: prints a line of an access ("write of"), in a handler of SIGSEGV;
 * false: it does not know the address. Has faults caught from now on, if there are none in slots yet. */
typedef bool guard_explain_fn(uintptr_t address, const char *access);
void guard_explain_by(guard_explain_fn *explain) HIDDEN;

/* [owner] Counts a request that leaves the fast path; true: guard_malloc is to be asked. */
static inline bool guard_is_due(struct heap *heap)
{
    return unlikely(heap->until_guarded-- <= 1);
}

/* A guarded block, zeroed, for the thread whose heap this is; NULL: no slot is free, or it is not its turn.
 * The caller holds no lock, and will return to `from`. */
void *guard_malloc(struct heap *heap, size_t size, size_t align, unsigned how, const void *from) HIDDEN COLD;

/* Whether p lies in a guarded slot, or a guard; p is in the region. */
static inline bool guard_owns(const void *p)
{
    return unlikely(region_tag(region_unit_of(p)) == TAG_GUARDED);
}

/* Frees a block of guarded memory, in a thread inside the allocator. Misuse is reported. */
void guard_free(void *p, const struct claim *claim, const void *from) HIDDEN COLD;

/* What was asked for; 0 when no block is there, and with `call`, the name of what was called, that is
 * reported. */
size_t guard_usable_size(const char *call, const void *p) HIDDEN COLD;

/* Calls visit(block, bytes) for each live block that begins in a unit, by address, until it says false. */
bool guard_visit(size_t unit, bool (*visit)(uintptr_t block, size_t bytes, void *argument),
                 void *argument) HIDDEN;

/* For fork: holding the lock. */
void guard_fork_prepare(void) HIDDEN;
void guard_fork_parent(void) HIDDEN;
void guard_fork_child(void) HIDDEN;

#endif
