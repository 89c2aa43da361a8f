/* base/log.c: formats as printf does, prints whole lines, and leaves errno alone. */
#include "unit/unit.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/log.h"

enum { LINE_MAX_BYTES = 1000 };

/* What log_format and snprintf both make of a format. */
#define SAME(...)                                                                                            \
    do {                                                                                                     \
        char ours[300], theirs[300];                                                                         \
        int length = snprintf(theirs, sizeof theirs, __VA_ARGS__);                                           \
        assert_int_equal(log_format(ours, sizeof ours, __VA_ARGS__), length);                                \
        assert_string_equal(ours, theirs);                                                                   \
    } while (0)

static void numbers_are_formatted_as_by_printf(void **state)
{
    (void)state;
    SAME("%u %u %u", 0u, 1u, UINT_MAX);
    SAME("%d %d %d %d", 0, -1, INT_MAX, INT_MIN);
    SAME("%x %x %lx", 0u, 0xdeadbeefu, ULONG_MAX);
    SAME("%zu %zu", (size_t)0, SIZE_MAX);
    SAME("%lu %lu", 0ul, ULONG_MAX);
    SAME("%6zu|%6u|%20lu|%1u", (size_t)123, 123456789u, ULONG_MAX, 99u);
}

static void texts_are_formatted_as_by_printf(void **state)
{
    (void)state;
    SAME("%s", "");
    SAME("%s and %s", "one", "another");
    SAME("%-8s|%-3s|%-1s|", "left", "longer", "");
    SAME("%c%c%c", 'a', '%', ' ');
    SAME("100 %% of nothing");
    SAME("%p %p", (void *)&errno, (void *)(uintptr_t)0x10);
}

static void arguments_keep_their_order(void **state)
{
    (void)state;
    SAME("%s%u%c%zu%p%d%x", "s", 1u, 'c', (size_t)2, (void *)(uintptr_t)3, -4, 5u);
}

static void a_buffer_that_is_too_small_cuts(void **state)
{
    (void)state;
    char buffer[8];
    memset(buffer, '#', sizeof buffer);
    assert_int_equal(log_format(buffer, 5, "%s", "abcdefgh"), 4);
    assert_string_equal(buffer, "abcd");
    assert_int_equal(buffer[5], '#');
    assert_int_equal(log_format(buffer, 1, "%u", 12345u), 0);
    assert_string_equal(buffer, "");
    assert_int_equal(log_format(buffer, 4, "%12u", 5u), 3);
    assert_string_equal(buffer, "   ");
}

/* ---- lines */

static void print_lines(void *unused)
{
    (void)unused;
    log_line("a line of %u", 1u);
    log_row("a row of %s", "a table");
}

static void lines_have_a_prefix_and_rows_none(void **state)
{
    (void)state;
    char output[200];
    assert_int_equal(unit_catch_output(print_lines, NULL, output, sizeof output), 0);
    assert_string_equal(output, "hakmem: a line of 1\na row of a table\n");
}

static char long_text[5000];

static void print_long_line(void *unused)
{
    (void)unused;
    memset(long_text, 'x', sizeof long_text - 1);
    log_line("%s", long_text);
    log_line("%4999u", 1u);
}

static void long_lines_are_cut_and_still_end(void **state)
{
    (void)state;
    char output[3 * LINE_MAX_BYTES];
    assert_int_equal(unit_catch_output(print_long_line, NULL, output, sizeof output), 0);
    const char *end = strchr(output, '\n');
    assert_non_null(end);
    assert_in_range(end - output, LINE_MAX_BYTES - 10, LINE_MAX_BYTES - 1);
    assert_int_equal(strncmp(end + 1, "hakmem: ", 8), 0);
    assert_int_equal(output[strlen(output) - 1], '\n');
}

/* A packet holds what one write wrote. */
ISOLATED(each_line_is_one_write)
{
    int ends[2];
    char packet[2 * LINE_MAX_BYTES];
    EXPECT(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    int saved = dup(STDERR_FILENO);
    dup2(ends[0], STDERR_FILENO);
    log_line("one %s, %u", "line", 2u);
    print_long_line(NULL);
    dup2(saved, STDERR_FILENO);
    ssize_t n = recv(ends[1], packet, sizeof packet, 0);
    EXPECT(n == 20 && memcmp(packet, "hakmem: one line, 2\n", 20) == 0);
    n = recv(ends[1], packet, sizeof packet, 0);
    EXPECT(n > 0 && n <= LINE_MAX_BYTES && packet[n - 1] == '\n');
}

ISOLATED(printing_keeps_errno)
{
    errno = 12345;
    close(STDERR_FILENO);
    log_line("to nowhere");
    EXPECT(errno == 12345);
}

static void call_fatal(void *unused)
{
    (void)unused;
    log_fatal("the end of %s", "it");
}

static void fail_check(void *unused)
{
    (void)unused;
    CHECK(1 + 1 == 2);
    CHECK(1 + 1 == 3);
}

static void fatal_prints_and_aborts(void **state)
{
    (void)state;
    unit_expect_abort(call_fatal, NULL, "hakmem: the end of it\n");
}

static void a_failed_check_says_where(void **state)
{
    (void)state;
    unit_expect_abort(fail_check, NULL, "not true: 1 + 1 == 3\n");
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers_are_formatted_as_by_printf),
    cmocka_unit_test(texts_are_formatted_as_by_printf),
    cmocka_unit_test(arguments_keep_their_order),
    cmocka_unit_test(a_buffer_that_is_too_small_cuts),
    cmocka_unit_test(lines_have_a_prefix_and_rows_none),
    cmocka_unit_test(long_lines_are_cut_and_still_end),
    cmocka_unit_test(each_line_is_one_write),
    cmocka_unit_test(printing_keeps_errno),
    cmocka_unit_test(fatal_prints_and_aborts),
    cmocka_unit_test(a_failed_check_says_where),
};

UNIT_MAIN(tests)
