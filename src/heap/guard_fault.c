/* Faults in guarded memory. The handler of SIGSEGV is put in place with the first slots, once: a program that
 * sets its own later replaces it. What is not ours goes to what was there before, as if we were not. Linux
 * has SIGSEGV, never SIGBUS, for memory that is not accessible. */
#include <errno.h>
#include <signal.h>
#include <ucontext.h>

#include "base/bits.h"
#include "base/log.h"
#include "heap/guard.h"
#include "heap/guard_empty.h"
#include "heap/guard_slots.h"
#include "heap/misuse.h"
#include "os/syscall.h"
#include "os/vm.h"

/* What was there before us; SA_RESETHAND takes it away. To the kernel SIG_DFL and SIG_IGN are that with
 * SA_SIGINFO too. */
static struct sigaction before;
static _Atomic bool before_is_gone;

static _Atomic(guard_explain_fn *) explain_others;

/* ---- what happened */

enum access { ACCESS_UNKNOWN, ACCESS_READ, ACCESS_WRITE };

#if defined(__x86_64__)
static enum access access_of(const ucontext_t *context)
{
    return context->uc_mcontext.gregs[REG_ERR] & 2 ? ACCESS_WRITE : ACCESS_READ;
}

static uintptr_t code_of(const ucontext_t *context)
{
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
}

static uintptr_t stack_of(const ucontext_t *context)
{
    return (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
}
#elif defined(__aarch64__)
static enum access access_of(const ucontext_t *context)
{
    (void)context;
    return ACCESS_UNKNOWN;
}

static uintptr_t code_of(const ucontext_t *context)
{
    return (uintptr_t)context->uc_mcontext.pc;
}

static uintptr_t stack_of(const ucontext_t *context)
{
    return (uintptr_t)context->uc_mcontext.sp;
}
#endif

static bool holds_block(const struct guard_slot *slot)
{
    return slot && (guard_state(slot) == GUARD_LIVE || guard_state(slot) == GUARD_FREED);
}

/* How far the address is from the slot's block. */
static size_t distance(const struct guard_slot *slot, uintptr_t address)
{
    uintptr_t end = slot->block + guard_usable_bytes(slot);
    if (address < slot->block)
        return slot->block - address;
    return address >= end ? address - end + 1 : 0;
}

/* Of the slots beside a guard the one that was most likely meant: with a live block, else the nearest. */
static struct guard_slot *likelier(struct guard_slot *a, struct guard_slot *b, uintptr_t address)
{
    if (!holds_block(a) || !holds_block(b))
        return holds_block(a) ? a : holds_block(b) ? b : NULL;
    bool a_lives = guard_state(a) == GUARD_LIVE, b_lives = guard_state(b) == GUARD_LIVE;
    if (a_lives != b_lives)
        return a_lives ? a : b;
    return distance(a, address) <= distance(b, address) ? a : b;
}

static struct guard_slot *slot_meant(uintptr_t address)
{
    struct guard_slot *slot = guard_slot_of(address);
    if (guard_empty_owns((void *)address))
        return NULL;
    if (slot)
        return holds_block(slot) ? slot : NULL;
    return likelier(guard_slot_before(address), guard_slot_behind(address), address);
}

/* ---- the report */

/* Where no slot is. */
static const char *what_is_at(uintptr_t address)
{
    const void *place = (const void *)align_down(address, BLOCK_ALIGN);
    if (!guard_empty_owns(place))
        return "guarded memory that holds no block";
    return guard_empty_is_live(place) ? "in a block of 0 bytes"
                                      : "where no block is, among blocks of 0 bytes";
}

static const char *const access_names[] = {
    [ACCESS_UNKNOWN] = "access to", [ACCESS_READ] = "read of", [ACCESS_WRITE] = "write of"};

static void print_line(const struct guard_slot *slot, uintptr_t address, enum access access)
{
    const char *name = access_names[access];
    if (!slot) {
        log_line("%s %p, %s", name, (void *)address, what_is_at(address));
        return;
    }
    size_t by = distance(slot, address);
    const char *bytes = by == 1 ? "byte" : "bytes",
               *where = address < slot->block ? "before the start" : "beyond the end";
    if (guard_state(slot) == GUARD_FREED && by == 0)
        log_line("use after free: %s %p, offset %zu in the freed block at %p (%zu bytes)", name,
                 (void *)address, (size_t)(address - slot->block), (void *)slot->block, slot->size);
    else
        log_line("%s by %zu %s: %s %p, %s of the %sblock at %p (%zu bytes)",
                 address < slot->block ? "underflow" : "overflow", by, bytes, name, (void *)address, where,
                 guard_state(slot) == GUARD_FREED ? "freed " : "", (void *)slot->block, slot->size);
}

static COLD void report(const struct guard_slot *slot, uintptr_t address, const ucontext_t *context)
{
    struct guard_event fault;
    print_line(slot, address, access_of(context));
    guard_note_event(&fault, code_of(context), stack_of(context));
    guard_print_event("accessed", &fault);
    if (slot)
        guard_print_history(slot);
}

/* Of memory that others made inaccessible, which stays so whatever HAKMEM_ON_ERROR says. */
static COLD void report_other(uintptr_t address, const ucontext_t *context)
{
    struct guard_event fault;
    guard_explain_fn *explain = atomic_load_explicit(&explain_others, memory_order_relaxed);
    if (!explain || region_unit_of((void *)address) >= region_units() ||
        !explain(address, access_names[access_of(context)]))
        return;
    guard_note_event(&fault, code_of(context), stack_of(context));
    guard_print_event("accessed", &fault);
}

/* Has the access succeed when it is made again; false: the kernel will not. */
static bool let_through(uintptr_t address)
{
    size_t page = vm_page_bytes();
    uintptr_t start = align_down(address, page);
    struct guard_slot *around[] = {guard_slot_of(address), guard_slot_before(address),
                                   guard_slot_behind(address)};
    for (int i = 0; i < 3; i++)
        if (around[i])
            atomic_store_explicit(&around[i]->breached, true, memory_order_relaxed);
    return vm_unguard(start, page);
}

/* Pages that we made accessible: what faults there was made inaccessible by the program. */
static bool is_of_live_block(uintptr_t address)
{
    const struct guard_slot *slot = guard_slot_of(address);
    if (!slot || guard_state(slot) != GUARD_LIVE)
        return false;
    struct guard_pages pages = guard_pages_of(slot);
    return address - pages.start < pages.bytes;
}

static bool is_guarded(uintptr_t address)
{
    size_t unit = region_unit_of((void *)address);
    return unit < region_units() && region_tag(unit) == TAG_GUARDED && !is_of_live_block(address);
}

/* ---- the handler */

/* As if we had not been there: the instruction is run again, and its fault ends the process with the right
 * core. A signal that was sent is sent again; it waits until we return. */
static void end_by_default(const siginfo_t *info)
{
    struct sigaction ending = {.sa_handler = SIG_DFL};
    sigaction(SIGSEGV, &ending, NULL);
    if (info->si_code <= 0) {
        long process = syscall_raw(SYS_getpid, 0, 0, 0, 0, 0, 0);
        long thread = syscall_raw(SYS_gettid, 0, 0, 0, 0, 0, 0);
        syscall_raw(SYS_tgkill, process, thread, SIGSEGV, 0, 0, 0);
    }
}

/* The handler before us took its place again, with us as the one before it, and calls us. */
static bool would_call_again(void)
{
    struct sigaction now;
    return sigaction(SIGSEGV, NULL, &now) == 0 && now.sa_sigaction == before.sa_sigaction;
}

static void pass_on(int number, siginfo_t *info, void *context)
{
    bool gone = (before.sa_flags & (int)SA_RESETHAND) ? atomic_exchange(&before_is_gone, true) : false;
    if (gone || before.sa_handler == SIG_DFL || would_call_again())
        end_by_default(info);
    else if (before.sa_flags & SA_SIGINFO)
        before.sa_sigaction(number, info, context);
    else
        before.sa_handler(number);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    uintptr_t address = (uintptr_t)info->si_addr;
    int saved_errno = errno;
    unsigned policy = OPTION_VALUE(on_error);
    if (info->si_code > 0 && !is_guarded(address))
        report_other(address, context);
    if (info->si_code <= 0 || !is_guarded(address)) {
        pass_on(number, info, context);
        return;
    }
    if (policy != ON_ERROR_IGNORE)
        report(slot_meant(address), address, context);
    if (policy == ON_ERROR_ABORT || !let_through(address))
        end_by_default(info);
    errno = saved_errno;
}

/* The handler has the mask and the flags of the one before it, so that one runs as it would have: on the same
 * stack too. Where the signal is ignored nothing is changed, since a program that this one starts inherits
 * that. */
void guard_catch_faults(void)
{
    static bool done; /* [lock: guard] */
    int saved_errno = errno;
    if (!done && sigaction(SIGSEGV, NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
        bool none = before.sa_handler == SIG_DFL;
        struct sigaction ours = {.sa_sigaction = on_fault, .sa_mask = before.sa_mask};
        ours.sa_flags = SA_SIGINFO |
                        (none ? SA_ONSTACK : before.sa_flags & (SA_ONSTACK | SA_NODEFER | SA_RESTART));
        sigaction(SIGSEGV, &ours, NULL);
    }
    done = true;
    errno = saved_errno;
}

void guard_explain_by(guard_explain_fn *explain)
{
    atomic_store_explicit(&explain_others, explain, memory_order_relaxed);
    guard_lock();
    guard_catch_faults();
    guard_unlock();
}
