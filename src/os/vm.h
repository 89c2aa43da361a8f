/* vm.h - the only caller of mmap, munmap, madvise, mprotect and mremap.
 *
 * Addresses and sizes are multiples of the page size unless said otherwise. Nothing here takes a lock
 * or sets errno. Every call is counted. In test builds vm_test_fail_at makes the k-th call fail. */
#ifndef HAKMEM_OS_VM_H
#define HAKMEM_OS_VM_H

#include <stdatomic.h>

#include "base/config.h"

/* System calls made, by kind: for the report. */
struct vm_calls {
    _Atomic uint64_t mmap, munmap, madvise, mremap, prctl; /* mprotect counts as madvise */
};
extern struct vm_calls vm_calls HIDDEN;

enum vm_result {
    VM_DONE,
    VM_NO_MEMORY, /* the kernel has none for us, or a limit was met */
    VM_TAKEN,     /* something is mapped there already */
};

size_t vm_page_bytes(void) HIDDEN;

/* Maps zeroed memory at exactly `address`, over nothing. */
enum vm_result vm_map_at(uintptr_t address, size_t bytes) HIDDEN;

/* Lengthens our mapping that ends at `address`, which counts as no new one: what is left when the process has
 * as many mappings as it may. */
enum vm_result vm_extend(uintptr_t address, size_t bytes) HIDDEN;

/* Maps zeroed memory over what is there, which must be ours: gives its pages back and makes it one
 * mapping with its neighbours again. VM_TAKEN: what was there still is; VM_NO_MEMORY: nothing is. */
enum vm_result vm_map_afresh(uintptr_t address, size_t bytes) HIDDEN;

/* Maps zeroed memory wherever the kernel likes; 0 when it has none. */
uintptr_t vm_map(size_t bytes) HIDDEN;
void vm_unmap(uintptr_t address, size_t bytes) HIDDEN;

/* An address range of `bytes` that is free now; 0 when there is none. Nothing is mapped there. */
uintptr_t vm_find_hole(size_t bytes) HIDDEN;

/* Gives the pages back; they read as zero afterwards. False: they may still hold what they held. */
bool vm_purge(uintptr_t address, size_t bytes) HIDDEN;

/* The same for several ranges, (at_once) in one system call where the kernel can. False: some may still hold
 * what they held. */
struct vm_range {
    uintptr_t address;
    size_t bytes;
};
bool vm_purge_ranges(const struct vm_range *ranges, size_t count, bool at_once) HIDDEN;

/* Has vm_purge_ranges use one call for many, where no seccomp filter is in place now. One thread at a time.
 */
void vm_allow_batches(void) HIDDEN;

/* Has the kernel fill the pages now. */
bool vm_populate(uintptr_t address, size_t bytes) HIDDEN;

/* Whether all of it can be read. False too where the kernel does not say (before Linux 5.14). */
bool vm_is_readable(uintptr_t address, size_t bytes) HIDDEN;

/* Lets the kernel use huge pages here (2 MiB aligned). */
void vm_allow_huge_pages(uintptr_t address, size_t bytes) HIDDEN;
void vm_forbid_huge_pages(uintptr_t address, size_t bytes) HIDDEN;

/* Has the kernel make huge pages of what is there, now. False: it cannot, or there is no room. */
bool vm_collapse(uintptr_t address, size_t bytes) HIDDEN;

/* Has the kernel take the huge page apart that a page lies in: else giving back a part of it frees nothing
 * until memory is short. */
void vm_split_huge_page(uintptr_t address) HIDDEN;

/* Moves the pages of [from, from + bytes), whole SuperSlabs, to `to` without copying a byte, over what is
 * mapped there (which must be ours); `from` stays mapped and reads as zero. VM_TAKEN: the kernel
 * cannot (MREMAP_DONTUNMAP: Linux 5.7) or will not, and nothing moved; `to` may read as zero now.
 * VM_NO_MEMORY: nothing moved, and `to` is no longer mapped. */
enum vm_result vm_move(uintptr_t from, size_t bytes, uintptr_t to) HIDDEN;

/* Gives the pages back and makes any access to them fault. False: they may still hold what they held, and be
 * accessible or not. */
bool vm_guard(uintptr_t address, size_t bytes) HIDDEN;

/* Makes such pages accessible again, empty. False: they still fault. */
bool vm_unguard(uintptr_t address, size_t bytes) HIDDEN;

/* The same for guards of which there may be any number: where they split mappings only a few are made. False:
 * not guarded, but accessible, unless the kernel refuses even that, and perhaps given back. */
bool vm_guard_bounded(uintptr_t address, size_t bytes) HIDDEN;
bool vm_unguard_bounded(uintptr_t address, size_t bytes) HIDDEN;

/* Whether guards split mappings here: the kernel has no MADV_GUARD_INSTALL (Linux 6.13). Known after the
 * first vm_guard. */
bool vm_guards_split(void) HIDDEN;

/* Makes memory with guards in it a mapping of its own: a debugger that writes a core file (gcore of gdb 13)
 * leaves out what lies behind a page that it cannot read, up to the end of the mapping. */
void vm_guard_apart(uintptr_t address, size_t bytes) HIDDEN;

/* Makes pages read-only, for good; where the kernel refuses they stay as they are. */
void vm_seal(uintptr_t address, size_t bytes) HIDDEN;

/* Names a mapping in /proc/PID/maps, where the kernel can. */
void vm_name(uintptr_t address, size_t bytes, const char *name) HIDDEN;

/* Test builds: the k-th call from now fails (0: none does); returns how many calls were made since. */
uint64_t vm_test_fail_at(uint64_t k) HIDDEN;

#endif
