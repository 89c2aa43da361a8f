/* doctor_library.c - is HAKMEM in the process, and at work; and who else is there. */
#include "doctor.h"

#include "text.h"

#include <stdio.h>
#include <string.h>

/* ---- the library */

static void say_why_missing(const struct target *target, struct findings *findings)
{
    const char *preload = target_variable(target, "LD_PRELOAD");
    if (target->is_static)
        finding_add(
            findings, FINDING_PROBLEM, "library",
            "HAKMEM is not loaded: the program is linked statically, and LD_PRELOAD does not reach it; "
            "link it with libhakmem.a");
    else if (target->secure)
        finding_add(findings, FINDING_PROBLEM, "library",
                    "HAKMEM is not loaded: the program is setuid or has file capabilities, and the dynamic "
                    "linker ignores LD_PRELOAD; link it with libhakmem, or name the library in "
                    "/etc/ld.so.preload");
    else if (!target->environment)
        finding_add(findings, FINDING_PROBLEM, "library",
                    "HAKMEM is not loaded: start it with 'hakmem run -- …'");
    else if (!preload || !strstr(preload, "hakmem"))
        finding_add(
            findings, FINDING_PROBLEM, "library",
            "HAKMEM is not loaded: LD_PRELOAD did not name it when the program started; start it with "
            "'hakmem run -- …'");
    else
        finding_add(
            findings, FINDING_PROBLEM, "library",
            "HAKMEM is not loaded, although LD_PRELOAD is '%s': the file was not there, not readable, or "
            "of another architecture (in a container, it must lie inside)",
            preload);
}

static bool library_is_deleted(const struct target *target)
{
    for (size_t i = 0; i < target->mapping_count; i++)
        if (target->mappings[i].path == target->library)
            return target->mappings[i].deleted;
    return false;
}

static void say_library(const struct target *target, struct findings *findings)
{
    if (!target->library)
        finding_add(findings, FINDING_OK, "library", "HAKMEM is linked into the program");
    else if (library_is_deleted(target))
        finding_add(findings, FINDING_NOTE, "library",
                    "%s is loaded, but the file was replaced since: the program has the old one until it is "
                    "started again",
                    target->library);
    else
        finding_add(findings, FINDING_OK, "library", "%s is loaded", target->library);
}

/* ---- the image */

static void say_image(const struct reader_snapshot *snapshot, struct findings *findings)
{
    char live[NUMBER_BYTES], blocks[NUMBER_BYTES];
    const struct hakmem_stats *stats = &snapshot->stats;
    if (!stats->live_blocks && !stats->refills)
        finding_add(findings, FINDING_PROBLEM, "image",
                    "HAKMEM %s is loaded, but nothing was ever allocated through it: see 'symbols'",
                    snapshot->library);
    else
        finding_add(findings, FINDING_OK, "image", "HAKMEM %s holds %s in %s live blocks for %llu threads",
                    snapshot->library, number_bytes((double)stats->live_bytes, live),
                    number_short((double)stats->live_blocks, blocks),
                    (unsigned long long)(stats->heaps - stats->heaps_parked));
    if (snapshot->residency == READER_RESIDENCY_UNKNOWN)
        finding_add(findings, FINDING_NOTE, "image",
                    "the kernel does not say which pages are resident (/proc/%d/pagemap): 'hakmem explain' "
                    "estimates",
                    snapshot->pid);
}

static void look_at_image(const struct target *target, struct findings *findings)
{
    char error[READER_ERROR_BYTES];
    struct reader_snapshot *snapshot = reader_snapshot(target->reader, READER_PAGES, error);
    if (snapshot)
        say_image(snapshot, findings);
    else
        finding_add(findings, FINDING_PROBLEM, "image", "%s", error);
    reader_snapshot_free(snapshot);
}

/* Without the hint at this command. */
static void say_no_image(enum finding_level level, const char *error, struct findings *findings)
{
    const char *hint = strstr(error, " (");
    finding_add(findings, level, "image", "%.*s", hint ? (int)(hint - error) : (int)strlen(error), error);
}

void check_image(const struct target *target, struct findings *findings)
{
    if (target->reader)
        look_at_image(target, findings);
    else if (target->library && target->all_here)
        finding_add(findings, FINDING_NOTE, "image", "the program has not allocated anything yet");
    else if (target->library)
        say_no_image(target->followed ? FINDING_PROBLEM : FINDING_NOTE, target->reader_error, findings);
}

void check_library(const struct target *target, struct findings *findings)
{
    if (target->reader || target->library)
        say_library(target, findings);
    else
        say_why_missing(target, findings);
}

/* ---- other allocators */

static const struct other {
    const char *file; /* how its name begins */
    const char *name;
    bool watches; /* replaces malloc to check or to trace */
} others[] = {
    {"libjemalloc", "jemalloc", false},
    {"libtcmalloc", "tcmalloc", false},
    {"libmimalloc", "mimalloc", false},
    {"librpmalloc", "rpmalloc", false},
    {"libsnmalloc", "snmalloc", false},
    {"libscudo", "Scudo", false},
    {"libhoard", "Hoard", false},
    {"libtbbmalloc_proxy", "TBB's malloc", false},
    {"libhardened_malloc", "hardened_malloc", false},
    {"libasan", "AddressSanitizer", true},
    {"libtsan", "ThreadSanitizer", true},
    {"liblsan", "LeakSanitizer", true},
    {"libclang_rt.asan", "AddressSanitizer", true},
    {"libclang_rt.tsan", "ThreadSanitizer", true},
    {"vgpreload_", "valgrind", true},
    {"libefence", "Electric Fence", true},
    {"libdmalloc", "dmalloc", true},
    {"libc_malloc_debug", "glibc's malloc debugging", true},
    {"libheaptrack_preload", "heaptrack", true},
};

static const struct other *other_of(const char *path)
{
    const char *base = path_base(path);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strncmp(base, others[i].file, strlen(others[i].file)) == 0)
            return &others[i];
    return NULL;
}

static void say_other(const struct target *target, const struct other *other, const char *path,
                      struct findings *findings)
{
    if (other->watches)
        finding_add(findings, FINDING_PROBLEM, "allocators",
                    "%s is loaded (%s), and replaces malloc as HAKMEM does: use one or the other",
                    other->name, path);
    else
        finding_add(findings, FINDING_NOTE, "allocators", "%s is loaded too (%s)%s", other->name, path,
                    target->all_here ? ", and HAKMEM serves malloc all the same"
                                     : ": 'symbols' tells whose malloc is called");
}

void check_allocators(const struct target *target, struct findings *findings)
{
    const struct other *said[sizeof others / sizeof others[0]] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < target->mapping_count; i++) {
        const struct other *other = target->mappings[i].inode ? other_of(target->mappings[i].path) : NULL;
        bool known = !other;
        for (size_t k = 0; k < count && !known; k++)
            known = said[k] == other;
        if (known)
            continue;
        said[count++] = other;
        say_other(target, other, target->mappings[i].path, findings);
    }
    if (!count)
        finding_add(findings, FINDING_OK, "allocators", "no other allocator is loaded");
}
