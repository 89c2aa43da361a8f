/* Signal handlers that interrupt the allocator and then call it, or fork: undefined by the standard, and done
 * all the same. A handler is put into the midst of a slow path in three ways: from the callback of a walk
 * over the heap; by a filter that turns the allocator's own system calls into SIGSYS; and by a fast timer. */
#include "blocks.h"
#include "check.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>

enum { KEPT = 24, CHILD_SECONDS = 20, STORM_NS = 200000 };

/* ---- what the handlers do */

static struct kept {
    unsigned char *block;
    size_t size;
} kept[KEPT];
static size_t kept_next;
static volatile sig_atomic_t handled;

/* Sizes that only handlers use: between the instructions of a fast path a class is not safe. */
static size_t handlers_size(size_t i)
{
    return 700 + 48 * (i % 8);
}

static void keep_one(size_t i)
{
    struct kept *slot = &kept[kept_next++ % KEPT];
    if (slot->block) {
        CHECK(block_holds(slot->block, slot->size, (uintptr_t)slot));
        free(slot->block);
    }
    slot->size = handlers_size(i);
    slot->block = malloc(slot->size);
    CHECK(slot->block != NULL);
    block_fill(slot->block, slot->size, (uintptr_t)slot);
}

static void grow_one(size_t i)
{
    struct kept *slot = &kept[i % KEPT];
    size_t size = handlers_size(i) + 500;
    unsigned char *grown = realloc(slot->block, size);
    CHECK(grown != NULL);
    CHECK(slot->block == NULL || block_holds(grown, slot->size < size ? slot->size : size, (uintptr_t)slot));
    *slot = (struct kept){grown, size};
    block_fill(grown, size, (uintptr_t)slot);
}

static void use_everything(size_t i)
{
    keep_one(i);
    grow_one(i);
    unsigned char *zeroed = calloc(3, handlers_size(i));
    CHECK(zeroed && block_is_zero(zeroed, 3 * handlers_size(i)));
    void *aligned = aligned_alloc(8192, 8192);
    CHECK(aligned && is_aligned(aligned, 8192));
    void *large = malloc(100000);
    CHECK(large && malloc_usable_size(large) >= 100000);
    memset(large, 1, 100000);
    free(aligned);
    free(zeroed);
    free(large);
    handled = handled + 1;
}

static void expect_kept(void)
{
    for (size_t i = 0; i < KEPT; i++) {
        CHECK(kept[i].block == NULL || block_holds(kept[i].block, kept[i].size, (uintptr_t)&kept[i]));
        free(kept[i].block);
        kept[i] = (struct kept){NULL, 0};
    }
}

static void allocate_some(uint64_t seed)
{
    void *blocks[200];
    for (size_t i = 0; i < 200; i++) {
        blocks[i] = malloc(random_below(&seed, 40) * 1000);
        CHECK(blocks[i] != NULL);
    }
    for (size_t i = 0; i < 200; i++)
        free(blocks[i]);
}

static void *allocate_in_thread(void *seed)
{
    allocate_some((uintptr_t)seed);
    return NULL;
}

/* ---- forks in a handler: the child ends there, or returns from it and goes on */

enum forks { NO_FORK, FORK_AND_EXIT, FORK_AND_RETURN };
static enum forks forks;
static pid_t forked;
static bool is_child;

static void use_a_thread(void)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, allocate_in_thread, (void *)7) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void fork_here(void)
{
    forked = fork();
    CHECK(forked >= 0);
    if (forked > 0)
        return;
    is_child = true;
    alarm(patient(CHILD_SECONDS));
    use_everything(3);
    if (forks == FORK_AND_EXIT)
        _exit(0);
}

/* After the interrupted call has returned: the child of FORK_AND_RETURN ends here. */
static void end_child(void)
{
    if (!is_child)
        return;
    allocate_some(1);
    use_a_thread();
    expect_kept();
    _exit(0);
}

static void expect_child(void)
{
    end_child();
    if (forked > 0)
        CHECK(wait_for(forked) == 0);
    forked = 0;
}

/* A timer that a handler sets again at its end: where it takes longer than a period, a periodic one would
 * leave what it interrupts no time at all. */
static timer_t storm;
static atomic_bool storms;

static void set_storm(void)
{
    struct itimerspec once = {{0, 0}, {0, STORM_NS}};
    CHECK(timer_settime(storm, 0, &once, NULL) == 0);
}

static void handler(int signal)
{
    (void)signal;
    int saved_errno = errno;
    use_everything((size_t)handled);
    if (forks && forked == 0 && handled % 16 == 1)
        fork_here();
    if (atomic_load(&storms) && !is_child)
        set_storm();
    errno = saved_errno;
}

static void handle(int signal)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    CHECK(sigaction(signal, &action, NULL) == 0);
}

/* ---- in the midst of a walk */

static bool raise_in_walk(void *block, size_t size, void *rounds)
{
    (void)block;
    (void)size;
    raise(SIGUSR1);
    return --*(int *)rounds > 0;
}

static void walk_with(enum forks how)
{
    if (!HAKMEM(hakmem_walk))
        SKIP("the allocator has no hakmem_walk");
    void *blocks[40];
    int rounds = 20;
    for (int i = 0; i < 40; i++)
        blocks[i] = malloc(300);
    forks = how;
    handle(SIGUSR1);
    HAKMEM(hakmem_walk)(raise_in_walk, &rounds);
    expect_child();
    CHECK(handled > 0);
    for (int i = 0; i < 40; i++)
        free(blocks[i]);
    expect_kept();
    allocate_some(2);
}

static void malloc_in_a_handler_inside(void)
{
    walk_with(NO_FORK);
}

static void realloc_to_nothing_frees_what_a_handler_made(void)
{
    if (!HAKMEM(hakmem_walk))
        SKIP("the allocator has no hakmem_walk");
    int rounds = 1;
    void *volatile block = malloc(300);
    handle(SIGUSR1);
    HAKMEM(hakmem_walk)(raise_in_walk, &rounds);
    CHECK(kept[0].block != NULL);
    CHECK(realloc(kept[0].block, 0) == NULL);
    kept[0].block = NULL;
    free(block);
    expect_kept();
}

static void fork_in_a_handler_inside(void)
{
    walk_with(FORK_AND_EXIT);
}

static void fork_in_a_handler_and_return(void)
{
    walk_with(FORK_AND_RETURN);
}

static sigjmp_buf away;

static void jump(int signal)
{
    (void)signal;
    siglongjmp(away, 1);
}

/* The thread is inside for ever then: it gets blocks, or ENOMEM, and never hangs. */
static void jump_out_of_a_handler_inside(void)
{
    if (!HAKMEM(hakmem_walk))
        SKIP("the allocator has no hakmem_walk");
    int rounds = 5;
    void *volatile before = malloc(100);
    struct sigaction action = {.sa_handler = jump};
    sigaction(SIGUSR1, &action, NULL);
    if (sigsetjmp(away, 1) == 0)
        HAKMEM(hakmem_walk)(raise_in_walk, &rounds);
    for (int i = 0; i < 1000; i++) {
        errno = 0;
        void *block = malloc(5000);
        CHECK(block != NULL || errno == ENOMEM);
        if (i % 2)
            free(block);
    }
    free(before);
}

static bool all(void *block, size_t size, void *blocks)
{
    (void)block, (void)size;
    ++*(int *)blocks;
    return true;
}

static void ask(int signal)
{
    (void)signal;
    struct hakmem_stats stats;
    struct hakmem_class_stats first;
    int blocks = 0;
    CHECK(HAKMEM(hakmem_stats_read)(&stats, sizeof stats));
    CHECK(HAKMEM(hakmem_class_stats_read)(&first, 1) > 1);
    CHECK(!HAKMEM(hakmem_walk)(all, &blocks) && blocks == 0);
    handled = handled + 1;
}

static void ask_in_walk(void)
{
    int rounds = 5;
    struct sigaction action = {.sa_handler = ask};
    sigaction(SIGUSR1, &action, NULL);
    HAKMEM(hakmem_walk)(raise_in_walk, &rounds);
    CHECK(handled > 0);
}

static void statistics_in_a_handler_inside(void)
{
    if (!HAKMEM(hakmem_walk))
        SKIP("the allocator has no hakmem_walk");
    void *volatile block = malloc(100);
    CHECK(run_in_child(ask_in_walk, CHILD_SECONDS / 4) == 0);
    free(block);
}

static void leave(int signal)
{
    (void)signal;
    exit(0);
}

static int report;

static void exit_in_walk(void)
{
    int rounds = 5;
    struct sigaction action = {.sa_handler = leave};
    sigaction(SIGUSR1, &action, NULL);
    HAKMEM(hakmem_option_set)("HAKMEM_STATS", "1");
    dup2(report, STDERR_FILENO);
    HAKMEM(hakmem_walk)(raise_in_walk, &rounds);
    _exit(1);
}

static void exit_with_a_report_in_a_handler_inside(void)
{
    if (!HAKMEM(hakmem_walk))
        SKIP("the allocator has no hakmem_walk");
    void *volatile block = malloc(100);
    CHECK((report = memfd_create("report", 0)) >= 0);
    CHECK(run_in_child(exit_in_walk, CHILD_SECONDS / 4) == 0);
    CHECK(lseek(report, 0, SEEK_END) == 0); /* there is none */
    free(block);
}

/* ---- beside another thread's fork, which began before and waits for what the handler interrupted */

static atomic_bool other_may_fork;

static void fork_and_wait(void)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        use_everything(5);
        _exit(0);
    }
    CHECK(wait_for(child) == 0);
}

static void *fork_when_told(void *unused)
{
    while (!atomic_load(&other_may_fork))
        usleep(1000);
    fork_and_wait();
    return unused;
}

static void fork_after_other(int signal)
{
    (void)signal;
    atomic_store(&other_may_fork, true);
    usleep(100000);
    fork_and_wait();
}

static void fork_in_a_handler_inside_beside_another(void)
{
    if (!HAKMEM(hakmem_walk))
        SKIP("the allocator has no hakmem_walk");
    pthread_t other;
    int rounds = 1;
    void *volatile block = malloc(100);
    struct sigaction action = {.sa_handler = fork_after_other};
    sigaction(SIGUSR1, &action, NULL);
    CHECK(pthread_create(&other, NULL, fork_when_told, NULL) == 0);
    HAKMEM(hakmem_walk)(raise_in_walk, &rounds);
    pthread_join(other, NULL);
    free(block);
    allocate_some(3);
}

/* ---- at the allocator's system calls */

#if defined(__x86_64__)
enum { ONLY_OURS = 0x100000 }; /* MAP_FIXED_NOREPLACE: how the heap grows */

/* Does the trapped mmap in another way that the filter lets pass, after what the handler does. */
static void at_system_call(int signal, siginfo_t *info, void *context)
{
    (void)info;
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    handler(signal);
    registers[REG_RAX] = syscall(SYS_mmap, registers[REG_RDI], registers[REG_RSI], registers[REG_RDX],
                                 (registers[REG_R10] & ~ONLY_OURS) | MAP_FIXED, -1, 0);
}

static void trap_mmap(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, ONLY_OURS, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    struct sigaction action = {.sa_sigaction = at_system_call, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigaction(SIGSYS, &action, NULL);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
        SKIP("no seccomp filters here");
}

/* Grows the heap by small blocks, runs and huge ones; each growth is interrupted with its locks held. */
static void grow_with(enum forks how)
{
    uint64_t seed = 5;
    void *blocks[400];
    size_t sizes[400];
    forks = how;
    if (HAKMEM(hakmem_option_set)) /* its thread blocks signals, and the kernel kills for a blocked SIGSYS */
        HAKMEM(hakmem_option_set)("HAKMEM_SCAVENGER", "0");
    trap_mmap();
    for (size_t i = 0; i < 400; i++) {
        sizes[i] = i % 40 == 39 ? 5000000 : i % 3 ? random_below(&seed, 30000) : random_below(&seed, 600);
        blocks[i] = malloc(sizes[i]);
        CHECK(blocks[i] != NULL);
        block_fill(blocks[i], sizes[i] < 64 ? sizes[i] : 64, i);
        expect_child();
    }
    for (size_t i = 0; i < 400; i++) {
        CHECK(block_holds(blocks[i], sizes[i] < 64 ? sizes[i] : 64, i));
        free(blocks[i]);
    }
    if (hakmem_is_here())
        CHECK(handled > 0);
    expect_kept();
}

static void malloc_in_a_handler_at_mmap(void)
{
    grow_with(NO_FORK);
}

static void fork_in_a_handler_at_mmap(void)
{
    grow_with(FORK_AND_EXIT);
}

static void fork_in_a_handler_at_mmap_and_return(void)
{
    grow_with(FORK_AND_RETURN);
}
#endif

/* ---- a fast timer */

static atomic_bool threads_go_on = true;

static void *churn(void *seed)
{
    while (atomic_load(&threads_go_on))
        allocate_some((uintptr_t)seed);
    return NULL;
}

static void block_timer(int how)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(how, &set, NULL);
}

static void storm_with(enum forks how)
{
    pthread_t threads[2];
    block_timer(SIG_BLOCK); /* for the main thread alone */
    for (uintptr_t i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, churn, (void *)(i + 1)) == 0);
    block_timer(SIG_UNBLOCK);
    forks = how;
    handle(SIGUSR1);
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1};
    CHECK(timer_create(CLOCK_MONOTONIC, &event, &storm) == 0);
    atomic_store(&storms, true);
    set_storm();
    uint64_t seed = 11;
    void *blocks[500] = {NULL};
    for (double end = seconds_now() + 2; handled < 2000 && seconds_now() < end;) {
        for (int i = 0; i < 2000; i++) {
            size_t slot = random_below(&seed, 500);
            free(blocks[slot]);
            blocks[slot] = malloc(random_below(&seed, 600));
            CHECK(blocks[slot] != NULL);
        }
        end_child();
        if (forked > 0) {
            block_timer(SIG_BLOCK);
            expect_child();
            block_timer(SIG_UNBLOCK);
        }
    }
    atomic_store(&storms, false);
    CHECK(timer_delete(storm) == 0);
    expect_child();
    atomic_store(&threads_go_on, false);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 500; i++)
        free(blocks[i]);
    CHECK(handled > 0);
    expect_kept();
}

/* ---- a huge block, whose size is asked for and changed while the pool's lock may be held */

static void *volatile huge;

static void resize_huge(int signal)
{
    (void)signal;
    int saved_errno = errno;
    size_t size = 3000000 + (size_t)(handled % 8) * 2000000;
    CHECK(malloc_usable_size(huge) >= 3000000);
    huge = realloc(huge, size);
    CHECK(huge != NULL);
    memset(huge, 1, 100);
    handled = handled + 1;
    errno = saved_errno;
}

/* One signal at a time: the handler may take longer than any period. */
static void *send_signals(void *thread)
{
    while (atomic_load(&threads_go_on)) {
        sig_atomic_t before = handled;
        pthread_kill(*(pthread_t *)thread, SIGUSR1);
        while (handled == before && atomic_load(&threads_go_on))
            usleep(100);
    }
    return NULL;
}

static void realloc_of_a_huge_block_in_a_storm(void)
{
    pthread_t self = pthread_self(), sender;
    struct sigaction action = {.sa_handler = resize_huge, .sa_flags = SA_RESTART};
    CHECK((huge = malloc(3000000)) != NULL);
    CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
    CHECK(pthread_create(&sender, NULL, send_signals, &self) == 0);
    uint64_t seed = 13;
    void *blocks[50] = {NULL};
    for (double end = seconds_now() + 2; handled < 1000 && seconds_now() < end;) {
        size_t slot = random_below(&seed, 50);
        free(blocks[slot]);
        blocks[slot] = malloc(40000 + random_below(&seed, 3000000));
        CHECK(blocks[slot] != NULL);
    }
    atomic_store(&threads_go_on, false);
    pthread_join(sender, NULL);
    for (int i = 0; i < 50; i++)
        free(blocks[i]);
    free(huge);
    CHECK(handled > 0);
}

static void malloc_in_a_storm_of_signals(void)
{
    storm_with(NO_FORK);
}

static void fork_in_a_storm_of_signals(void)
{
    storm_with(FORK_AND_EXIT);
}

static void fork_in_a_storm_and_return(void)
{
    storm_with(FORK_AND_RETURN);
}

static const struct test tests[] = {
    TEST(malloc_in_a_handler_inside),
    TEST(realloc_to_nothing_frees_what_a_handler_made),
    TEST(fork_in_a_handler_inside),
    TEST(fork_in_a_handler_and_return),
    TEST(fork_in_a_handler_inside_beside_another),
    TEST(jump_out_of_a_handler_inside),
    TEST(statistics_in_a_handler_inside),
    TEST(exit_with_a_report_in_a_handler_inside),
#if defined(__x86_64__)
    TEST(malloc_in_a_handler_at_mmap),
    TEST(fork_in_a_handler_at_mmap),
    TEST(fork_in_a_handler_at_mmap_and_return),
#endif
    TEST(malloc_in_a_storm_of_signals),
    TEST(fork_in_a_storm_of_signals),
    TEST(fork_in_a_storm_and_return),
    TEST(realloc_of_a_huge_block_in_a_storm),
};

int main(int argc, char **argv)
{
    return RUN_TESTS(argc, argv, tests);
}
