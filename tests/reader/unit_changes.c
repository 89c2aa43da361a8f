/* What the reader makes of a process that changes while it is read: a child that takes a step whenever the
 * reader comes to a certain call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "front/front.h"
#include "reader/reader.h"
#include "reader/source.h"

/* ---- a child that changes when told */

enum { STEP_BYTES = 64 << 20, PAGES = 256 };

static struct {
    pid_t pid;
    int order, answer; /* pipes' ends */
} child;

static void child_steps(void (*step)(void))
{
    char byte;
    child.order = child.answer = -1;
    int orders[2], answers[2];
    assert_int_equal(pipe(orders), 0);
    assert_int_equal(pipe(answers), 0);
    child.pid = fork();
    assert_true(child.pid >= 0);
    if (child.pid > 0) {
        close(orders[0]);
        close(answers[1]);
        child.order = orders[1];
        child.answer = answers[0];
        assert_int_equal(syscall(SYS_read, child.answer, &byte, 1), 1);
        return;
    }
    close(orders[1]);
    do {
        step();
        syscall(SYS_write, answers[1], "", 1);
    } while (syscall(SYS_read, orders[0], &byte, 1) == 1);
    _exit(0);
}

static void change(void)
{
    char byte;
    assert_int_equal(syscall(SYS_write, child.order, "", 1), 1);
    assert_int_equal(syscall(SYS_read, child.answer, &byte, 1), 1);
}

static void child_ends(void)
{
    close(child.order);
    close(child.answer);
    waitpid(child.pid, NULL, 0);
}

/* ---- the calls at which it changes, in place of libc's */

static bool changes_before_copies;
static int reads_until_change; /* 0: it does not change */

ssize_t process_vm_readv(pid_t pid, const struct iovec *local, unsigned long locals,
                         const struct iovec *remote, unsigned long remotes, unsigned long flags)
{
    if (changes_before_copies)
        change();
    return syscall(SYS_process_vm_readv, pid, local, locals, remote, remotes, flags);
}

ssize_t read(int file, void *to, size_t bytes)
{
    ssize_t got = syscall(SYS_read, file, to, bytes);
    if (reads_until_change > 0 && --reads_until_change == 0)
        change();
    return got;
}

/* ---- tests */

static void grow(void)
{
    if (!front_malloc(STEP_BYTES))
        abort();
}

static void a_heap_that_grows_is_read(void **state)
{
    (void)state;
    char error[READER_ERROR_BYTES] = "";
    child_steps(grow);
    changes_before_copies = true;
    struct reader *reader = reader_open_process(child.pid, error);
    assert_string_equal(error, "");
    assert_non_null(reader);
    for (int i = 0; i < 3; i++) {
        struct reader_snapshot *snapshot = reader_snapshot(reader, 0, error);
        assert_string_equal(error, "");
        assert_non_null(snapshot);
        assert_true(snapshot->huge_count > 0);
        reader_snapshot_free(snapshot);
    }
    changes_before_copies = false;
    reader_close(reader);
    child_ends();
}

static char *pages;

/* At first each page is a mapping of its own; then all are one. */
static void join_pages(void)
{
    size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
    static bool joined;
    for (size_t i = 0; i < PAGES; i++)
        if (mprotect(pages + i * page_bytes, page_bytes, joined || i % 2 ? PROT_READ : PROT_NONE) != 0)
            abort();
    joined = true;
}

static void mappings_that_become_one_are_whole(void **state)
{
    (void)state;
    size_t bytes = PAGES * (size_t)sysconf(_SC_PAGESIZE);
    pages = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(pages, MAP_FAILED);
    struct reader reader = {.kind = READER_PROCESS};
    for (int reads = 1; reads < 16; reads++) { /* their part of the list takes some of these */
        child_steps(join_pages);
        reader.pid = child.pid;
        reads_until_change = reads;
        assert_true(process_read_ranges(&reader, false));
        assert_true(source_is_mapped(&reader, (uintptr_t)pages, bytes));
        child_ends();
    }
    reads_until_change = 0;
    ranges_clear(&reader.ranges);
    munmap(pages, bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_heap_that_grows_is_read),
        cmocka_unit_test(mappings_that_become_one_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
