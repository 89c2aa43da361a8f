/* doctor_system.c - the kernel: huge pages, overcommit, what it can do, and whether it lets us look. */
#define _GNU_SOURCE 1

#include "doctor.h"

#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif
#ifndef PR_SET_VMA_ANON_NAME
#define PR_SET_VMA_ANON_NAME 0
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

enum { HUGE_PAGE_BYTES = 2 << 20, COMMIT_NEAR_PERCENT = 95 };

/* ---- huge pages */

static void check_huge_pages(const struct target *target, struct findings *findings)
{
    unsigned long long enabled = 1;
    char *text = target_file(target, NULL, "/sys/kernel/mm/transparent_hugepage/enabled");
    char *status = target_file(target, NULL, "/proc/%d/status", target->pid);
    if (!text)
        finding_add(findings, FINDING_NOTE, "thp", "the kernel has no transparent huge pages");
    else if (strstr(text, "[always]"))
        finding_add(findings, FINDING_NOTE, "thp",
                    "transparent huge pages are 'always': the kernel may keep 2 MiB where 4 KiB are in use; "
                    "'madvise' leaves it to the allocator");
    else if (strstr(text, "[never]"))
        finding_add(findings, FINDING_NOTE, "thp",
                    "transparent huge pages are 'never': a large heap is faster with 'madvise' "
                    "(/sys/kernel/mm/transparent_hugepage/enabled)");
    else
        finding_add(findings, FINDING_OK, "thp",
                    "transparent huge pages are 'madvise': where the allocator asks");
    if (status && text_number(status, "THP_enabled", &enabled) && !enabled)
        finding_add(findings, FINDING_NOTE, "thp", "they are off for this process (PR_SET_THP_DISABLE)");
    free(text);
    free(status);
}

/* ---- overcommit */

static void check_overcommit(const struct target *target, struct findings *findings)
{
    unsigned long long mode = 0, limit_kib = 0, used_kib = 0;
    char limit[NUMBER_BYTES], used[NUMBER_BYTES];
    char *text = target_file(target, NULL, "/proc/sys/vm/overcommit_memory");
    char *memory = target_file(target, NULL, "/proc/meminfo");
    if (!text || !text_number(text, "", &mode) || mode != 2) {
        if (text)
            finding_add(findings, FINDING_OK, "overcommit", "vm.overcommit_memory is %llu", mode);
    } else if (memory && text_number(memory, "CommitLimit", &limit_kib) &&
               text_number(memory, "Committed_AS", &used_kib)) {
        bool near = (double)used_kib >= (double)limit_kib * COMMIT_NEAR_PERCENT / 100;
        finding_add(findings, near ? FINDING_PROBLEM : FINDING_NOTE, "overcommit",
                    "vm.overcommit_memory is 2: %s of %s are promised to all programs%s",
                    number_bytes((double)used_kib * 1024, used),
                    number_bytes((double)limit_kib * 1024, limit),
                    near ? ", and malloc will fail soon; add swap, or raise vm.overcommit_ratio"
                         : ", and malloc fails when they are used up");
    }
    free(text);
    free(memory);
}

/* ---- what the kernel can do */

/* Two huge pages' room, and the aligned one in it. */
static bool kernel_names_mappings(void *page)
{
    return prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, page, sysconf(_SC_PAGESIZE), "hakmem") == 0;
}

static bool kernel_collapses(char *aligned)
{
    *(volatile char *)aligned = 1;
    return madvise(aligned, HUGE_PAGE_BYTES, MADV_COLLAPSE) == 0 || errno != EINVAL;
}

static void check_kernel(struct findings *findings)
{
    struct utsname system = {0};
    char *room = mmap(NULL, 2 * (size_t)HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
    uname(&system);
    if (room == MAP_FAILED)
        return;
    char *aligned = room + (size_t)(-(uintptr_t)room % HUGE_PAGE_BYTES);
    bool collapses = kernel_collapses(aligned), names = kernel_names_mappings(room);
    munmap(room, 2 * (size_t)HUGE_PAGE_BYTES);
    if (!names)
        finding_add(findings, FINDING_NOTE, "kernel",
                    "Linux %s does not name mappings (since 5.17, CONFIG_ANON_VMA_NAME): /proc/PID/maps does "
                    "not tell HAKMEM's from others",
                    system.release);
    if (!collapses)
        finding_add(
            findings, FINDING_NOTE, "kernel",
            "Linux %s does not make huge pages on request (since 6.1, MADV_COLLAPSE): they come only by "
            "and by",
            system.release);
    if (names && collapses)
        finding_add(findings, FINDING_OK, "kernel", "Linux %s has what HAKMEM makes use of", system.release);
}

/* ---- looking from outside */

static void check_ptrace(const struct target *target, struct findings *findings)
{
    unsigned long long scope = 0;
    char *text = target_file(target, NULL, "/proc/sys/kernel/yama/ptrace_scope");
    if (text)
        text_number(text, "", &scope);
    free(text);
    if (scope == 0)
        finding_add(findings, FINDING_OK, "ptrace", "a user's processes may be looked at by that user");
    else if (scope == 1)
        finding_add(
            findings, FINDING_NOTE, "ptrace",
            "kernel.yama.ptrace_scope is 1: but for root, 'hakmem explain' and others see only processes "
            "that they started");
    else
        finding_add(findings, FINDING_NOTE, "ptrace",
                    "kernel.yama.ptrace_scope is %llu: only root can use 'hakmem explain' and others%s",
                    scope, scope == 3 ? ", if at all" : "");
}

void check_system(const struct target *target, struct findings *findings)
{
    check_huge_pages(target, findings);
    check_overcommit(target, findings);
    check_kernel(findings);
    check_ptrace(target, findings);
}
