#include "os/thread.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include <sys/auxv.h>
#include <sys/prctl.h>

#include "base/bits.h"
#include "os/file.h"
#include "os/syscall.h"

#ifndef PTHREAD_DESTRUCTOR_ITERATIONS
#define PTHREAD_DESTRUCTOR_ITERATIONS 4
#endif

/* TSan takes a thread's state down in the last round, before our key's turn. */
#if defined(__SANITIZE_THREAD__)
enum { LAST_ROUND = PTHREAD_DESTRUCTOR_ITERATIONS - 1 };
#else
enum { LAST_ROUND = PTHREAD_DESTRUCTOR_ITERATIONS };
#endif

static pthread_key_t key;
static _Atomic bool has_key;
static void (*at_exit_handler)(void);

/* The key's value counts the rounds of destructors. */
static void destructor(void *value)
{
    uintptr_t round = (uintptr_t)value;
    if (round < LAST_ROUND)
        pthread_setspecific(key, (void *)(round + 1));
    else
        at_exit_handler();
}

void thread_exit_init(void (*handler)(void))
{
    if (atomic_load_explicit(&has_key, memory_order_relaxed))
        return;
    at_exit_handler = handler;
    if (pthread_key_create(&key, destructor) == 0)
        atomic_store_explicit(&has_key, true, memory_order_release);
}

bool thread_exit_arm(void)
{
    return atomic_load_explicit(&has_key, memory_order_acquire) && pthread_setspecific(key, (void *)1) == 0;
}

/* ---- a thread of our own */

enum { STACK_BYTES = 64 * 1024 };

static struct {
    void (*body)(void);
    const char *name;
} started;

/* glibc's: what it takes of a thread's stack for itself and for thread-local storage. */
static size_t (*least_stack)(const pthread_attr_t *attributes);

void thread_start_init(void)
{
    /* by name, since a reference would tie us to one version of glibc */
    least_stack = (size_t(*)(const pthread_attr_t *))dlsym(RTLD_DEFAULT, "__pthread_get_minstack");
}

static size_t stack_bytes(const pthread_attr_t *attributes)
{
    size_t taken = least_stack ? least_stack(attributes) : 0;
    return (STACK_BYTES + taken + STACK_BYTES - 1) / STACK_BYTES * STACK_BYTES;
}

static void *run(void *unused)
{
    (void)unused;
    syscall_raw(SYS_prctl, PR_SET_NAME, (long)started.name, 0, 0, 0, 0);
    started.body();
    return NULL;
}

/* A program with much thread-local storage needs larger stacks than ours: libc's default then. */
static bool create(const pthread_attr_t *small)
{
    pthread_t thread;
    pthread_attr_t attributes;
    if (pthread_create(&thread, small, run, NULL) == 0)
        return true;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    bool created = pthread_create(&thread, &attributes, run, NULL) == 0;
    pthread_attr_destroy(&attributes);
    return created;
}

static bool start_detached(void)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, stack_bytes(&attributes));
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool created = create(&attributes);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return created;
}

bool thread_start(void (*body)(void), const char *name)
{
    int saved_errno = errno;
    started.body = body;
    started.name = name;
    bool created = start_detached();
    errno = saved_errno; /* a call of free may have come here */
    return created;
}

/* ---- signals */

bool thread_blocks_signals(void)
{
    uint64_t blocked = 0; /* the kernel's set */
    long error = syscall_raw(SYS_rt_sigprocmask, SIG_BLOCK, 0, (long)&blocked, sizeof blocked, 0, 0);
    return error || blocked;
}

/* ---- the threads of others */

bool thread_loader_holds(const void *code)
{
    uintptr_t base = getauxval(AT_BASE), end = base;
    if (!base)
        return true;
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)base;
    const ElfW(Phdr) *segments = (const ElfW(Phdr) *)(base + header->e_phoff);
    for (int i = 0; i < header->e_phnum; i++)
        if (segments[i].p_type == PT_LOAD)
            end = size_max(end, base + segments[i].p_vaddr + segments[i].p_memsz);
    return (uintptr_t)code - base < end - base;
}

/* /proc/self/stat: "pid (name) state …", of which the 20th is the number of threads. */
bool thread_is_last(void)
{
    char text[512];
    const char *at = file_read("/proc/self/stat", text, sizeof text) > 0 ? strrchr(text, ')') : NULL;
    if (!at || strncmp(at, ") Z ", 4) != 0)
        return false;
    for (int field = 2; at && field < 20; field++)
        at = strchr(at + 1, ' ');
    return at && strncmp(at, " 2 ", 3) == 0;
}
