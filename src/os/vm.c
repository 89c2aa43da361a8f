#include "os/vm.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/uio.h>

#include "base/bits.h"
#include "base/check.h"
#include "base/log.h"
#include "os/file.h"
#include "os/futex.h"
#include "os/syscall.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif
#ifndef MADV_COLD
#define MADV_COLD 20
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif
#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif
#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef PIDFD_SELF_THREAD_GROUP
#define PIDFD_SELF_THREAD_GROUP (-10001)
#endif
#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#define PR_SET_VMA_ANON_NAME 0
#endif

enum { SPLITTING_MAX = 24 }; /* guards of vm_guard_bounded where each costs two mappings */

struct vm_calls vm_calls;

static _Atomic uint64_t test_calls;
static _Atomic uint64_t test_fail_at;

uint64_t vm_test_fail_at(uint64_t k)
{
    uint64_t calls = atomic_exchange(&test_calls, 0);
    atomic_store(&test_fail_at, k);
    return calls;
}

/* Counts a call; true when a test wants it to fail. */
static bool fails(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
    return HAKMEM_TESTING && atomic_fetch_add(&test_calls, 1) + 1 == atomic_load(&test_fail_at);
}

#if defined(__SANITIZE_THREAD__)
/* Anywhere: by libc, so that the sanitizer sees it. What was at these addresses before is no history of the
 * new memory. */
static long map_now(uintptr_t address, size_t bytes, int protection, int flags)
{
    int saved_errno = errno;
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
        return syscall_raw(SYS_mmap, (long)address, (long)bytes, protection, flags, -1, 0);
    void *at = mmap((void *)address, bytes, protection, flags, -1, 0);
    long result = at == MAP_FAILED ? -errno : (long)at;
    errno = saved_errno;
    return result;
}
#else
static long map_now(uintptr_t address, size_t bytes, int protection, int flags)
{
    return syscall_raw(SYS_mmap, (long)address, (long)bytes, protection, flags, -1, 0);
}
#endif

static long map(uintptr_t address, size_t bytes, int protection, int flags)
{
    if (fails(&vm_calls.mmap))
        return -ENOMEM;
    return map_now(address, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags);
}

static bool advise(uintptr_t address, size_t bytes, int advice)
{
    if (fails(&vm_calls.madvise))
        return false;
    return syscall_raw(SYS_madvise, (long)address, (long)bytes, advice, 0, 0, 0) == 0;
}

size_t vm_page_bytes(void)
{
    static _Atomic size_t bytes;
    size_t known = atomic_load_explicit(&bytes, memory_order_relaxed);
    if (unlikely(!known)) {
        unsigned long told = getauxval(AT_PAGESZ);
        known = told ? told : 4096;
        atomic_store_explicit(&bytes, known, memory_order_relaxed);
    }
    return known;
}

enum vm_result vm_map_at(uintptr_t address, size_t bytes)
{
    long result = map(address, bytes, PROT_READ | PROT_WRITE, MAP_FIXED_NOREPLACE);
    if (likely(result == (long)address))
        return VM_DONE;
    if (result < 0 && result > -4096)
        return result == -EEXIST ? VM_TAKEN : VM_NO_MEMORY;
    vm_unmap((uintptr_t)result, bytes); /* before Linux 4.17 the address is only a hint */
    return VM_TAKEN;
}

enum vm_result vm_extend(uintptr_t address, size_t bytes)
{
    size_t page = vm_page_bytes();
    uintptr_t last = address - page;
    if (fails(&vm_calls.mremap))
        return VM_NO_MEMORY;
    long result = syscall_raw(SYS_mremap, (long)last, (long)page, (long)(page + bytes), 0, 0, 0);
    return result == (long)last ? VM_DONE : VM_NO_MEMORY;
}

/* What a call with a fixed target left there when it failed: the kernel takes the target's old mapping
 * away first, and only then looks at limits. Fills the hole, if there is one. */
static enum vm_result mend_target(uintptr_t address, size_t bytes)
{
    return vm_map_at(address, bytes) == VM_NO_MEMORY ? VM_NO_MEMORY : VM_TAKEN;
}

enum vm_result vm_map_afresh(uintptr_t address, size_t bytes)
{
    bool done = map(address, bytes, PROT_READ | PROT_WRITE, MAP_FIXED) == (long)address;
    return done ? VM_DONE : mend_target(address, bytes);
}

uintptr_t vm_map(size_t bytes)
{
    long result = map(0, bytes, PROT_READ | PROT_WRITE, 0);
    return result < 0 && result > -4096 ? 0 : (uintptr_t)result;
}

void vm_unmap(uintptr_t address, size_t bytes)
{
    atomic_fetch_add_explicit(&vm_calls.munmap, 1, memory_order_relaxed);
    syscall_raw(SYS_munmap, (long)address, (long)bytes, 0, 0, 0, 0);
}

uintptr_t vm_find_hole(size_t bytes)
{
    long result = map(0, bytes, PROT_NONE, MAP_NORESERVE);
    if (result < 0 && result > -4096)
        return 0;
    vm_unmap((uintptr_t)result, bytes);
    return (uintptr_t)result;
}

bool vm_purge(uintptr_t address, size_t bytes)
{
    return advise(address, bytes, MADV_DONTNEED);
}

/* process_madvise takes MADV_DONTNEED for one's own process, and PIDFD_SELF for that, since Linux 6.15: a
 * call and a shootdown of other processors' TLBs for many ranges. */
static _Atomic bool batches_allowed;

/* Of a filter that kills for a call it does not know, one can only stay away. */
void vm_allow_batches(void)
{
    static char text[4096]; /* a thread's stack may be small */
    const char *line = file_read("/proc/self/status", text, sizeof text) > 0 ? strstr(text, "\nSeccomp:\t")
                                                                             : NULL;
    atomic_store_explicit(&batches_allowed, line && line[10] == '0', memory_order_relaxed);
}

static bool purge_batch(const struct vm_range *ranges, size_t count, size_t bytes)
{
    static_assert(sizeof(struct vm_range) == sizeof(struct iovec), "the ranges are handed over as they are");
    if (!atomic_load_explicit(&batches_allowed, memory_order_relaxed) || fails(&vm_calls.madvise))
        return false;
    long done = syscall_raw(SYS_process_madvise, PIDFD_SELF_THREAD_GROUP, (long)ranges, (long)count,
                            MADV_DONTNEED, 0, 0);
    if (done < 0)
        atomic_store_explicit(&batches_allowed, false, memory_order_relaxed);
    return done == (long)bytes;
}

bool vm_purge_ranges(const struct vm_range *ranges, size_t count, bool at_once)
{
    size_t bytes = 0;
    bool done = true;
    for (size_t i = 0; i < count; i++)
        bytes += ranges[i].bytes;
    if (at_once && count > 1 && purge_batch(ranges, count, bytes))
        return true;
    for (size_t i = 0; i < count; i++)
        done &= vm_purge(ranges[i].address, ranges[i].bytes);
    return done;
}

bool vm_populate(uintptr_t address, size_t bytes)
{
    return advise(address, bytes, MADV_POPULATE_WRITE);
}

bool vm_is_readable(uintptr_t address, size_t bytes)
{
    uintptr_t start = align_down(address, vm_page_bytes());
    return advise(start, align_up(address + bytes, vm_page_bytes()) - start, MADV_POPULATE_READ);
}

void vm_allow_huge_pages(uintptr_t address, size_t bytes)
{
    advise(address, bytes, MADV_HUGEPAGE);
}

void vm_forbid_huge_pages(uintptr_t address, size_t bytes)
{
    advise(address, bytes, MADV_NOHUGEPAGE);
}

bool vm_collapse(uintptr_t address, size_t bytes)
{
    return advise(address, bytes, MADV_COLLAPSE);
}

/* MADV_COLD on a part of a huge page splits it: mm/madvise.c, madvise_cold_or_pageout_pte_range. */
void vm_split_huge_page(uintptr_t address)
{
    advise(address, vm_page_bytes(), MADV_COLD);
}

static bool move_piece(uintptr_t from, uintptr_t to)
{
    return syscall_raw(SYS_mremap, (long)from, SUPERSLAB_BYTES, SUPERSLAB_BYTES,
                       MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, (long)to, 0) == (long)to;
}

/* Copies what could not be moved; afterwards `from` reads as zero, as if it had been. */
static void copy_piece(uintptr_t from, uintptr_t to)
{
    memcpy((void *)to, (const void *)from, SUPERSLAB_BYTES);
    if (!vm_purge(from, SUPERSLAB_BYTES))
        memset((void *)from, 0, SUPERSLAB_BYTES);
}

static void move_back(uintptr_t from, size_t bytes, uintptr_t to)
{
    for (size_t done = 0; done < bytes; done += SUPERSLAB_BYTES)
        if (!move_piece(to + done, from + done))
            log_fatal("out of memory while a block of %zu bytes was being moved: it cannot be put back",
                      bytes);
}

/* A SuperSlab at a time: since Linux 6.17 one call moves several mappings, one by one, and when it fails at
 * the second it does not say so. Mappings in the region begin and end at SuperSlabs. */
enum vm_result vm_move(uintptr_t from, size_t bytes, uintptr_t to)
{
    if (fails(&vm_calls.mremap))
        return VM_TAKEN;
    for (size_t done = 0; done < bytes; done += SUPERSLAB_BYTES) {
        if (move_piece(from + done, to + done))
            continue;
        enum vm_result there = mend_target(to + done, SUPERSLAB_BYTES);
        if (done == 0)
            return there;
        if (there == VM_NO_MEMORY) {
            move_back(from, done, to);
            return VM_NO_MEMORY;
        }
        copy_piece(from + done, to + done);
    }
    return VM_DONE;
}

/* ---- guards: by markers in the page tables, which cost no mapping, or by access rights. One way for all,
 * found out with the first. */

enum guard_way { WAY_UNKNOWN, WAY_MARKERS, WAY_RIGHTS };

static _Atomic enum guard_way guard_way;

static bool protect(uintptr_t address, size_t bytes, int rights)
{
    return !fails(&vm_calls.madvise) &&
           syscall_raw(SYS_mprotect, (long)address, (long)bytes, rights, 0, 0, 0) == 0;
}

bool vm_guards_split(void)
{
    return atomic_load_explicit(&guard_way, memory_order_relaxed) == WAY_RIGHTS;
}

/* By having the kernel read there, for a wait that is over at once. Emulators hand this call on as it is. */
static bool is_readable(uintptr_t address)
{
    static const struct timespec no_time;
    return syscall_raw(SYS_futex, (long)address, FUTEX_WAIT_PRIVATE, -1, (long)&no_time, 0, 0) != -EFAULT;
}

/* Emulators say yes to advice that they do not know. */
bool vm_guard(uintptr_t address, size_t bytes)
{
    enum guard_way way = atomic_load_explicit(&guard_way, memory_order_relaxed);
    if (way == WAY_UNKNOWN) {
        bool advised = advise(address, bytes, MADV_GUARD_INSTALL), marked = advised && !is_readable(address);
        if (advised && !marked)
            advise(address, bytes, MADV_GUARD_REMOVE);
        way = marked ? WAY_MARKERS : WAY_RIGHTS;
        atomic_store_explicit(&guard_way, way, memory_order_relaxed);
        if (way == WAY_MARKERS)
            return true;
    }
    if (way == WAY_MARKERS)
        return advise(address, bytes, MADV_GUARD_INSTALL);
    return protect(address, bytes, PROT_NONE) && vm_purge(address, bytes);
}

bool vm_unguard(uintptr_t address, size_t bytes)
{
    if (vm_guards_split())
        return protect(address, bytes, PROT_READ | PROT_WRITE);
    return advise(address, bytes, MADV_GUARD_REMOVE);
}

/* How many splitting guards are there that were asked for by vm_guard_bounded. */
static _Atomic int splitting;

static bool may_split(void)
{
    if (atomic_fetch_add_explicit(&splitting, 1, memory_order_relaxed) < SPLITTING_MAX)
        return true;
    atomic_fetch_sub_explicit(&splitting, 1, memory_order_relaxed);
    return false;
}

bool vm_guard_bounded(uintptr_t address, size_t bytes)
{
    bool splits = atomic_load_explicit(&guard_way, memory_order_relaxed) != WAY_MARKERS;
    if (splits && !may_split())
        return false;
    if (vm_guard(address, bytes)) {
        if (splits && !vm_guards_split()) /* the first told */
            atomic_fetch_sub_explicit(&splitting, 1, memory_order_relaxed);
        return true;
    }
    vm_unguard_bounded(address, bytes);
    return false;
}

bool vm_unguard_bounded(uintptr_t address, size_t bytes)
{
    if (!vm_unguard(address, bytes))
        return false;
    if (vm_guards_split())
        atomic_fetch_sub_explicit(&splitting, 1, memory_order_relaxed);
    return true;
}

/* By advice on reading files, which means nothing here but that the kernel keeps it with the mapping. (A name
 * would do as well, but not every kernel keeps names.) */
void vm_guard_apart(uintptr_t address, size_t bytes)
{
    if (!vm_guards_split())
        advise(address, bytes, MADV_RANDOM);
}

void vm_seal(uintptr_t address, size_t bytes)
{
    protect(address, bytes, PROT_READ);
}

void vm_name(uintptr_t address, size_t bytes, const char *name)
{
    atomic_fetch_add_explicit(&vm_calls.prctl, 1, memory_order_relaxed);
    syscall_raw(SYS_prctl, PR_SET_VMA, PR_SET_VMA_ANON_NAME, (long)address, (long)bytes, (long)name, 0);
}
