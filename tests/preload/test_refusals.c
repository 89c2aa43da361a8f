/* The kernel refuses system calls, as sandboxes have it do: from some moment on, or from the start. What
 * can be served without them is, calloc gives zeroes, and no byte is lost. */
#include "blocks.h"
#include "check.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SYS_rseq
#define SYS_rseq 334
#endif

#define MIB ((size_t)1 << 20)

/* From now on the call fails with `error` in this process, all its threads, and what it executes. */
static void refuse(long number, int error)
{
    struct sock_filter instructions[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)error & SECCOMP_RET_DATA)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof instructions / sizeof *instructions, instructions};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0)
        SKIP("no seccomp here");
}

static void trim(void)
{
    __typeof__(hakmem_trim) *hakmems = HAKMEM(hakmem_trim);
    if (hakmems)
        hakmems();
}

static void *must(void *block)
{
    CHECK(block != NULL);
    return block;
}

/* --- the work -------------------------------------------------------------------------------------- */

enum { SLOTS = 300 };

static struct slot {
    unsigned char *block;
    size_t size;
} slots[SLOTS];

static bool memory_may_be_refused; /* then NULL and ENOMEM is an answer */

static bool is_served(const void *block)
{
    if (block == NULL)
        CHECK_THAT(memory_may_be_refused && errno == ENOMEM, "errno is %d", errno);
    return block != NULL;
}

static size_t any_size(uint64_t *random)
{
    size_t kind = random_below(random, 100);
    return random_below(random, kind < 80 ? 2000 : kind < 97 ? 100000 : 6 * MIB);
}

static size_t filled(size_t size)
{
    return size < 5000 ? size : 5000;
}

static void replace(struct slot *slot, uint64_t *random)
{
    size_t size = any_size(random);
    free(slot->block);
    slot->block = random_below(random, 2) ? malloc(size) : calloc(1, size);
    slot->size = is_served(slot->block) ? size : 0;
    if (slot->block)
        block_fill(slot->block, filled(slot->size), (uintptr_t)slot);
}

static void resize(struct slot *slot, uint64_t *random)
{
    size_t size = any_size(random) + 1;
    unsigned char *block = realloc(slot->block, size);
    if (!is_served(block))
        return; /* the old one is as it was */
    CHECK(block_holds(block, filled(slot->size < size ? slot->size : size), (uintptr_t)slot));
    *slot = (struct slot){block, size};
    block_fill(block, filled(size), (uintptr_t)slot);
}

static void expect_zeroes(size_t size)
{
    unsigned char *block = calloc(1, size);
    if (!is_served(block))
        return;
    CHECK_THAT(block_is_zero(block, size), "calloc of %zu bytes is not zero", size);
    memset(block, 0xa5, size);
    free(block);
}

static void work(int steps)
{
    uint64_t random = 5;
    for (int i = 0; i < steps; i++) {
        struct slot *slot = &slots[random_below(&random, SLOTS)];
        CHECK(block_holds(slot->block, filled(slot->size), (uintptr_t)slot));
        if (slot->block != NULL && random_below(&random, 3) == 0)
            resize(slot, &random);
        else
            replace(slot, &random);
        if (i % 16 == 0)
            expect_zeroes(any_size(&random));
        if (i % 1000 == 500)
            trim();
    }
}

static void end_work(void)
{
    for (struct slot *slot = slots; slot < slots + SLOTS; slot++) {
        CHECK(block_holds(slot->block, filled(slot->size), (uintptr_t)slot));
        free(slot->block);
        *slot = (struct slot){NULL, 0};
    }
    trim();
}

static void *work_in_thread(void *unused)
{
    for (size_t size = 0; size < 100000; size = size * 2 + 1)
        expect_zeroes(size);
    return unused;
}

static void use_threads(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, work_in_thread, NULL) == 0)
        pthread_join(thread, NULL);
}

/* --- refused once the program runs ----------------------------------------------------------------- */

static long refused_call;
static int refused_with;
static void (*work_of_child)(void);

static void child_is_refused(void)
{
    work(1500);
    use_threads();
    refuse(refused_call, refused_with);
    work_of_child();
}

static void expect_survival(long number, bool may_fail, void (*child_work)(void))
{
    static const int errors[] = {EPERM, ENOSYS, ENOMEM};
    memory_may_be_refused = may_fail;
    work_of_child = child_work;
    refused_call = number;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        refused_with = errors[i];
        int status = run_in_child(child_is_refused, 10);
        if (status == CHECK_SKIPPED)
            SKIP("no seccomp here");
        CHECK_THAT(status == 0, "call %ld, refused with %d, ended it with %d (%s)", number, errors[i], status,
                   check_verdict(status));
    }
}

static void work_on(void)
{
    work(2000);
    end_work();
    use_threads();
    work(2000);
    end_work();
}

static void mmap_is_refused(void)
{
    expect_survival(SYS_mmap, true, work_on);
}

static void munmap_is_refused(void)
{
    expect_survival(SYS_munmap, false, work_on);
}

static void mprotect_is_refused(void)
{
    expect_survival(SYS_mprotect, false, work_on);
}

static void mremap_is_refused(void)
{
    expect_survival(SYS_mremap, false, work_on);
}

static void madvise_is_refused(void)
{
    expect_survival(SYS_madvise, false, work_on);
}

static void process_madvise_is_refused(void)
{
    expect_survival(SYS_process_madvise, false, work_on);
}

static void prctl_is_refused(void)
{
    expect_survival(SYS_prctl, false, work_on);
}

static void openat_is_refused(void)
{
    expect_survival(SYS_openat, false, work_on);
}

static void sched_getaffinity_is_refused(void)
{
    expect_survival(SYS_sched_getaffinity, false, work_on);
}

static void getrandom_is_refused(void)
{
    expect_survival(SYS_getrandom, false, work_on);
}

static void membarrier_is_refused(void)
{
    expect_survival(SYS_membarrier, false, work_on);
}

static void clone_is_refused(void)
{
    expect_survival(SYS_clone, false, work_on);
    expect_survival(SYS_clone3, false, work_on);
}

/* No thread can be started that gives memory back, and nothing can be given back without one. */
static void work_on_without_threads(void)
{
    refuse(SYS_clone, EAGAIN);
    refuse(SYS_clone3, ENOSYS);
    work_on();
}

static void neither_threads_nor_purges_are_allowed(void)
{
    expect_survival(SYS_madvise, false, work_on_without_threads);
}

/* Every page of what is free is dirty, and nothing can be given back. */
static void dirty_all_and_calloc(void)
{
    static const size_t sizes[] = {100, 5000, 30000, 200000, MIB, 5 * MIB};
    static void *blocks[400];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t count = 20 * MIB / sizes[i] < 400 ? 20 * MIB / sizes[i] : 400;
        for (size_t j = 0; j < count; j++)
            memset(blocks[j] = must(malloc(sizes[i])), 0xa5, sizes[i]);
        for (size_t j = 0; j < count; j++)
            free(blocks[j]);
        trim();
        for (size_t j = 0; j < count; j++)
            CHECK(block_is_zero(blocks[j] = must(calloc(1, sizes[i])), sizes[i]));
        for (size_t j = 0; j < count; j++)
            free(blocks[j]);
    }
}

static void calloc_is_zero_when_nothing_can_be_purged(void)
{
    expect_survival(SYS_madvise, false, dirty_all_and_calloc);
}

/* --- refused from the start ------------------------------------------------------------------------ */

static void execute_refused(long number, int error)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        alarm(patient(10));
        refuse(number, error);
        execl("/proc/self/exe", "refused", "the_work_is_done", (char *)NULL);
        _exit(127);
    }
    int status = wait_for(child);
    if (status == CHECK_SKIPPED)
        SKIP("no seccomp here");
    CHECK_THAT(status == 0, "call %ld, refused with %d, ended it with %d", number, error, status);
}

/* What the loader and libc themselves can do without. */
static void a_program_starts_without(void)
{
    static const long calls[] = {SYS_munmap,     SYS_madvise, SYS_mremap,    SYS_process_madvise,
                                 SYS_getrandom,  SYS_rseq,    SYS_prctl,     SYS_sched_getaffinity,
                                 SYS_membarrier, SYS_clone3,  SYS_readlinkat};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        execute_refused(calls[i], ENOSYS);
        if (calls[i] != SYS_clone3) /* libc tries clone only after ENOSYS */
            execute_refused(calls[i], EPERM);
    }
}

static void the_work_is_done(void)
{
    work(2000);
    use_threads();
    end_work();
}

/* --- read, write and exit only ---------------------------------------------------------------------- */

static void warm_calls_make_no_system_call(void)
{
    int ends[2];
    char word[8] = "";
    void *blocks[50];
    __typeof__(hakmem_option_set) *set = HAKMEM(hakmem_option_set);
    CHECK(pipe(ends) == 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (set) { /* what makes system calls now and then */
            set("HAKMEM_SCAVENGER", "0");
            set("HAKMEM_GUARD_RATE", "0");
            set("HAKMEM_THRIFT", "never");
        }
        for (int strict = 0; strict < 2; strict++) {
            if (strict && prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0)
                _exit(CHECK_SKIPPED);
            for (int round = 0; round < 200; round++)
                for (size_t size = 1; size < 200000; size = size * 2 + 1) {
                    for (int i = 0; i < 50; i++)
                        blocks[i] = i % 2 ? malloc(size) : calloc(1, size);
                    for (int i = 0; i < 50; i++)
                        free(i % 3 ? blocks[i] : realloc(blocks[i], size / 2 + 1));
                }
        }
        syscall(SYS_exit, write(ends[1], "done", 4) != 4); /* exit_group is not among the allowed */
    }
    close(ends[1]);
    int status = wait_for(child);
    if (status == CHECK_SKIPPED)
        SKIP("no seccomp here");
    CHECK_THAT(status == 0, "it ended with %d", status);
    CHECK(read(ends[0], word, sizeof word) == 4);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        TEST(mmap_is_refused),
        TEST(munmap_is_refused),
        TEST(mprotect_is_refused),
        TEST(mremap_is_refused),
        TEST(madvise_is_refused),
        TEST(process_madvise_is_refused),
        TEST(prctl_is_refused),
        TEST(openat_is_refused),
        TEST(sched_getaffinity_is_refused),
        TEST(getrandom_is_refused),
        TEST(membarrier_is_refused),
        TEST(clone_is_refused),
        TEST(neither_threads_nor_purges_are_allowed),
        TEST(calloc_is_zero_when_nothing_can_be_purged),
        TEST(a_program_starts_without),
        TEST(the_work_is_done),
        TEST(warm_calls_make_no_system_call),
    };
    return RUN_TESTS(argc, argv, tests);
}
